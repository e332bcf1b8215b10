/** Long work for clients: one piece after the other, with other work in between. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors/app-error.js';

/** Clients that ask at the same time: commands, pages, the panels of a few dashboards. */
const MAX_WAITING = 50;
/** Milliseconds: work that is no burden needs no pause, and one longer than that helps nobody. */
const SHORT_MS = 10;
const LONGEST_PAUSE_MS = 250;

export class Turns {
  #waiting = 0;
  /** Ends when the next piece may begin. */
  #next: Promise<unknown> = Promise.resolve();

  /** Rejects with `TOO_MANY_READERS`. Resolves with undefined when the client left before its turn came. */
  async run<T>(gone: AbortSignal, work: () => T | Promise<T>): Promise<T | undefined> {
    if (this.#waiting === MAX_WAITING) {
      throw new AppError('TOO_MANY_READERS', `${MAX_WAITING} others wait for the same; try again`);
    }
    this.#waiting++;
    let began = 0;
    const turn = this.#next.then(() => {
      began = performance.now();
      return gone.aborted ? undefined : work();
    });
    // As long as the work took: Node accepts one connection between two pieces, and hundreds may be there.
    const pause = () => {
      const took = performance.now() - began;
      return took < SHORT_MS ? nextTurn() : sleep(Math.min(LONGEST_PAUSE_MS, took));
    };
    this.#next = turn.then(pause, pause);
    return turn.finally(() => this.#waiting--);
  }
}
