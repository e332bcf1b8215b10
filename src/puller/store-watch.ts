/** Checks the store while the puller runs: its file every second, all of its pages and checksums every hour. */
import { quickCheck } from '../lib/sqlite/quick-check.js';
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
/** Time between two passes over all checksums, and between two quick checks, in milliseconds. */
const CHECK_EVERY_MS = 3_600_000;
/** The quick check of a store of many gigabytes takes minutes of reading: at most one part in so many of the time. */
const CHECK_SHARE = 100;

export class StoreWatch {
  readonly #store: StoreSink;
  readonly #closed: AbortSignal;
  readonly writtenBack: WrittenBackNote;
  #nextPass = 0;
  #nextCheck = 0;
  #checking = false;
  /** What a quick check has found, until it is repaired. */
  #damage: string | undefined;

  /** `closed`: aborted when the puller stops. `writtenBack`: is told when the file was written back. */
  constructor(store: StoreSink, closed: AbortSignal, writtenBack: WrittenBackNote) {
    this.#store = store;
    this.#closed = closed;
    this.writtenBack = writtenBack;
  }

  /** Call it every second. Throws when the store's file is gone or damaged and can't be written anew. */
  look(): void {
    const store = this.#store;
    store.protect();
    if (this.#damage !== undefined) store.repair(this.#damage);
    this.#damage = undefined;
    const now = performance.now();
    if (now >= this.#nextPass && !store.withRepair(() => store.verifySome(VERIFIED_AT_ONCE))) {
      this.#nextPass = now + CHECK_EVERY_MS;
    }
    if (now >= this.#nextCheck && !this.#checking) void this.#check();
  }

  get stats(): StoreStats {
    const { path, damagedRows } = this.#store;
    return { damagedRows, quarantined: quarantinedDatabases(path), writtenBack: this.writtenBack.recent };
  }

  async #check(): Promise<void> {
    this.#checking = true;
    const began = performance.now();
    this.#damage = await quickCheck(this.#store.path, this.#closed);
    const ended = performance.now();
    this.#nextCheck = ended + Math.max(CHECK_EVERY_MS, CHECK_SHARE * (ended - began));
    this.#checking = false;
  }
}
