/** Sessions of browsers: random ids, known to this process only, so that it can end them, and a restart ends all. */
import { newToken } from './bearer-token.js';

export class Sessions {
  readonly #lastsMs: number;
  readonly #max: number;
  /** When each ends, by id; Unix milliseconds. */
  readonly #ends = new Map<string, number>();

  /** Of more than `max` sessions the oldest makes room. */
  constructor(lastsMs: number, max: number) {
    this.#lastsMs = lastsMs;
    this.#max = max;
  }

  /** Returns the id of a new session. `now`: Unix milliseconds. */
  begin(now: number): string {
    const id = newToken();
    this.renew(id, now);
    for (const [old, ends] of this.#ends) {
      if (ends <= now || this.#ends.size > this.#max) this.#ends.delete(old);
    }
    return id;
  }

  isOpen(id: string, now: number): boolean {
    return (this.#ends.get(id) ?? 0) > now;
  }

  /** From now on it lasts its whole time again. */
  renew(id: string, now: number): void {
    this.#ends.set(id, now + this.#lastsMs);
  }

  end(id: string): void {
    this.#ends.delete(id);
  }
}
