/** Sessions of browsers: random ids, known to this process only, so that it can end them, and a restart ends all. */
import { newToken } from './bearer-token.js';

export interface SessionLimits {
  lastsMs: number;
  /** The oldest makes room. */
  max: number;
}

export class Sessions {
  readonly #limits: SessionLimits;
  /** When each ends, by id; Unix milliseconds. */
  readonly #ends = new Map<string, number>();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /** Returns the id of a new session. `now`: Unix milliseconds. */
  begin(now: number): string {
    const id = newToken();
    this.renew(id, now);
    for (const [old, ends] of this.#ends) {
      if (ends <= now || this.#ends.size > this.#limits.max) this.#ends.delete(old);
    }
    return id;
  }

  isOpen(id: string, now: number): boolean {
    return (this.#ends.get(id) ?? 0) > now;
  }

  /** From now on it lasts its whole time again. */
  renew(id: string, now: number): void {
    this.#ends.set(id, now + this.#limits.lastsMs);
  }

  end(id: string): void {
    this.#ends.delete(id);
  }
}
