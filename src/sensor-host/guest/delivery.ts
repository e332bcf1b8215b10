/** Whether a guest delivers what it has to send, as its requests show. */
import { RESULT } from './http-request.js';
import type { HttpAnswer } from './transport.js';

/** An answer of a proxy whose queue takes readings comes sooner. */
const SLOW_MS = 500;

export class Delivery {
  /** A request has succeeded. */
  hasSucceeded = false;
  #hasFailed = false;
  /** When the request that it waits for began, in milliseconds of any clock. */
  #askedAt: number | undefined;

  asked(now: number): void {
    this.#askedAt = now;
  }

  answered(answer: HttpAnswer): void {
    this.#askedAt = undefined;
    this.#hasFailed = answer.result !== RESULT.ok || answer.status >= 400;
    this.hasSucceeded ||= !this.#hasFailed;
  }

  /** Requests fail, or wait for long: the guest keeps what it was to deliver. */
  isBehind(now: number): boolean {
    return this.#hasFailed || (this.#askedAt !== undefined && now - this.#askedAt > SLOW_MS);
  }

  /** A sensor that waits for no answer, and whose last one was good, keeps nothing. */
  get isDone(): boolean {
    return !this.#hasFailed && this.#askedAt === undefined;
  }
}
