/** Long work for clients: one piece after the other, with other work in between. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../errors/app-error.js';

/** Clients that ask at the same time: commands, pages, the panels of a few dashboards. */
const MAX_WAITING = 50;

export class Turns {
  #waiting = 0;
  /** Ends when the work before has been done. */
  #last: Promise<unknown> = Promise.resolve();

  /** Rejects with `TOO_MANY_READERS`. Resolves with undefined when the client left before its turn came. */
  async run<T>(gone: AbortSignal, work: () => T | Promise<T>): Promise<T | undefined> {
    if (this.#waiting === MAX_WAITING) {
      throw new AppError('TOO_MANY_READERS', `${MAX_WAITING} others wait for the same; try again`);
    }
    const pause = this.#waiting++ === 0 ? undefined : nextTurn;
    const turn = this.#last.then(pause).then(() => (gone.aborted ? undefined : work()));
    this.#last = turn.catch(() => {});
    return turn.finally(() => this.#waiting--);
  }
}
