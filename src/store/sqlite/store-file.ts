/**
 * The file of the store: written back when others delete it, and salvaged when it turns out to be damaged. Nothing is
 * acknowledged to the queue before the file is what it should be.
 */
import { messageOf } from '../../lib/errors/app-error.js';
import { DatabaseFile, type DatabaseQuarantined } from '../../lib/sqlite/database-file.js';
import { isDamage } from '../../lib/sqlite/driver.js';
import type { Salvaged } from '../../lib/sqlite/salvage.js';
import { openReadings } from './schema.js';
import { withStoreErrors } from './store-errors.js';

/** The file was deleted or replaced, and has been written back from the open handle. */
export interface DatabaseRewritten {
  type: 'database-rewritten';
  path: string;
  /** `deleted`, `replaced` or `emptied`. */
  problem: string;
  /** What was in its place instead, if there was something. */
  quarantined: string | undefined;
  /** Undefined: nothing is missing. Else the rows that could be read, by table. */
  salvaged: Salvaged | undefined;
}

export type StoreFileEvent = DatabaseQuarantined | DatabaseRewritten;

/** A quick check of this many bytes takes half a second; a larger store is checked in the background only. */
const CHECKED_AT_START = 128 * 1024 * 1024;
/** Writing back is tried again after this: on a full disk every attempt takes its time. */
const RETRY_MS = 10_000;

export class StoreFile extends DatabaseFile {
  #failed: { error: Error; at: number } | undefined;

  /** `onEvent` gets an event of each repair. Throws `STORE_UNUSABLE`. */
  constructor(
    path: string,
    private readonly onEvent: (event: StoreFileEvent) => void,
  ) {
    super({
      path,
      open: (at) => withStoreErrors(path, () => openReadings(at)),
      onQuarantined: onEvent,
      checkedUpTo: CHECKED_AT_START,
    });
  }

  /** Runs the first use of the store. Throws `STORE_UNUSABLE` when it can't be used. */
  use<T>(work: () => T): T {
    return withStoreErrors(this.path, () => this.withRepair(work));
  }

  /** Runs `work`; when it meets damage, once more after a repair. */
  withRepair<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.repair(messageOf(error));
      return work();
    }
  }

  /** Writes the file back when somebody has deleted, replaced or emptied it. Throws when it can't be written. */
  protect(): void {
    const problem = this.problem();
    if (problem !== undefined) this.#rewrite(`was ${problem}`, problem, false);
  }

  /** Quarantines the file, and begins a new one with what can be read. `problem`: what is damaged. */
  repair(problem: string): void {
    this.#rewrite(`is damaged (${problem})`, problem, true);
  }

  #rewrite(what: string, problem: string, isDamaged: boolean): void {
    if (this.#failed && performance.now() - this.#failed.at < RETRY_MS) throw this.#failed.error;
    const { path } = this;
    try {
      const { salvaged, quarantined } = this.rewrite(problem, isDamaged);
      this.#failed = undefined;
      this.onEvent(
        salvaged && quarantined !== undefined
          ? { type: 'database-quarantined', path, quarantined, problem, salvaged }
          : { type: 'database-rewritten', path, problem, quarantined, salvaged },
      );
    } catch (cause) {
      const error = new Error(`${path} ${what}, and can't be written back: ${messageOf(cause)}`, { cause });
      this.#failed = { error, at: performance.now() };
      throw error;
    }
  }
}
