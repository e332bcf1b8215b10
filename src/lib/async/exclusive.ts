/** Pieces of work of which only one is under way at a time, in the order in which they are asked for. */

/** What may be there at once, or later. */
export type Soon<T> = T | Promise<T>;

export class Exclusive {
  /** Ends when the work before has ended; undefined: nothing is under way. */
  #last: Promise<unknown> | undefined;

  /** Begins at once where nothing is under way; so work that needs no time is done when this returns. */
  run<T>(work: () => Soon<T>): Soon<T> {
    const begun = this.#last === undefined ? work() : this.#last.then(work);
    if (!(begun instanceof Promise)) return begun;
    const ended = begun.then(
      () => {},
      () => {},
    );
    this.#last = ended;
    void ended.then(() => {
      if (this.#last === ended) this.#last = undefined;
    });
    return begun;
  }
}
