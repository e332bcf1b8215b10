/** Checks the store while the puller runs: its file every second, the checksums of all readings every hour. */
import { quarantinedDatabases } from '../lib/sqlite/rewrite-database.js';
import type { WrittenBack, WrittenBackNote } from '../lib/sqlite/written-back.js';
import type { StoreSink } from './sinks/readings-store.js';

/** In `GET /stats`. */
export interface StoreStats {
  /** Readings and messages that are not what was written; they are not shown. */
  damagedRows: number;
  /** Damaged files that are kept beside the store. */
  quarantined: string[];
  /** Its file was deleted or replaced in the last hour, and was written back. */
  writtenBack?: WrittenBack | undefined;
}

/** Comparing this many checksums takes a few milliseconds. */
const VERIFIED_AT_ONCE = 500;
/** Time between two passes over all checksums, in milliseconds. */
const CHECK_EVERY_MS = 3_600_000;

export class StoreWatch {
  readonly #store: StoreSink;
  readonly writtenBack: WrittenBackNote;
  #nextPass = 0;

  /** `writtenBack`: is told when the file was written back. */
  constructor(store: StoreSink, writtenBack: WrittenBackNote) {
    this.#store = store;
    this.writtenBack = writtenBack;
  }

  /** Call it every second. Throws when the store's file is gone or damaged and can't be written anew. */
  look(): void {
    const store = this.#store;
    store.protect();
    const now = performance.now();
    if (now >= this.#nextPass && !store.withRepair(() => store.verifySome(VERIFIED_AT_ONCE))) {
      this.#nextPass = now + CHECK_EVERY_MS;
    }
  }

  get stats(): StoreStats {
    const { path, damagedRows } = this.#store;
    return { damagedRows, quarantined: quarantinedDatabases(path), writtenBack: this.writtenBack.recent };
  }
}
