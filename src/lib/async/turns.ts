/** Work that takes the time of everybody else: one piece after the other, with other work in between. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../errors/app-error.js';
import { Places } from '../places.js';

export class Turns {
  readonly #places: Places;
  readonly #max: number;
  #waiting = 0;
  /** Ends when the work before has been done. */
  #last: Promise<unknown> = Promise.resolve();

  /** `max`: so many wait at most. */
  constructor(max: number) {
    this.#max = max;
    this.#places = new Places(max);
  }

  /** Rejects with `TOO_MANY_READERS`. Undefined: who has asked was gone when it was their turn. */
  async run<T>(gone: AbortSignal, work: () => T | Promise<T>): Promise<T | undefined> {
    const giveBack = this.#places.take();
    if (!giveBack) throw new AppError('TOO_MANY_READERS', `${this.#max} others wait for the same already; try again`);
    const pause = this.#waiting++ === 0 ? undefined : nextTurn;
    const turn = this.#last.then(pause).then(() => (gone.aborted ? undefined : work()));
    this.#last = turn.catch(() => {});
    return turn.finally(() => {
      this.#waiting--;
      giveBack();
    });
  }
}
