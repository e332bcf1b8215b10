/** Checks the store while the puller runs: its file every second, all of its pages and checksums every hour. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { quickCheck } from '../lib/sqlite/quick-check.js';
import type { StoreSink } from './sinks/readings-store.js';

/** In `GET /stats`. */
export interface StoreStats {
  /** Readings and messages that are not what was written; they are not shown. */
  damagedRows: number;
  /** Damaged files that are kept beside the store. */
  quarantined: string[];
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
  #nextPass = 0;
  #nextCheck = 0;
  #checking = false;
  /** What a quick check has found, until it is repaired. */
  #damage: string | undefined;

  /** `closed`: aborted when the puller stops. */
  constructor(store: StoreSink, closed: AbortSignal) {
    this.#store = store;
    this.#closed = closed;
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
    const folder = dirname(path);
    const isQuarantined = (name: string) => name.startsWith(`${basename(path)}.damaged`) && !name.endsWith('-wal');
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return { damagedRows, quarantined: names.filter(isQuarantined).map((name) => join(folder, name)) };
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
