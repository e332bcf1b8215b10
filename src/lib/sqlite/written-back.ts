/** Remembers that others deleted or replaced the file of a database in use, and that it was written back. */

export interface WrittenBack {
  /** What had happened to the file last: `deleted`, `replaced` or `emptied`. */
  problem: string;
  /** How often since the start. */
  times: number;
  /** Milliseconds since the last time. */
  agoMs: number;
}

/** Whoever looks once an hour sees it. */
const SHOWN_MS = 3_600_000;

export class WrittenBackNote {
  times = 0;
  #problem = '';
  #at = 0;

  add(problem: string): void {
    this.times++;
    this.#problem = problem;
    this.#at = performance.now();
  }

  /** Undefined: it did not happen in the last hour. */
  get recent(): WrittenBack | undefined {
    const agoMs = Math.round(performance.now() - this.#at);
    return this.times === 0 || agoMs >= SHOWN_MS ? undefined : { problem: this.#problem, times: this.times, agoMs };
  }
}
