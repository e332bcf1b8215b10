/** Sends the requests of a guest, and tells from them whether it delivers what it has to send. */
import type { HostList } from '../../lib/net/host-list.js';
import type { RegionLink } from '../region-link.js';
import type { Closeable, HostClock } from './host-clock.js';
import { RESULT } from './http-request.js';
import type { HttpAnswer, HttpRequest } from './transport.js';

/** An answer of a proxy whose queue takes readings comes sooner. */
const SLOW_MS = 500;

export class Delivery {
  /** A request has succeeded. */
  hasDelivered = false;
  #hasFailed = false;
  /** When the request that it waits for began, by the clock. */
  #askedAt: number | undefined;

  constructor(
    private readonly link: RegionLink,
    private readonly allowed: HostList,
    private readonly clock: HostClock,
  ) {}

  /** Calls back once, unless it is closed before. */
  send(request: Omit<HttpRequest, 'allowed'>, done: (answer: HttpAnswer) => void): Closeable {
    this.#askedAt = this.clock.monotonic();
    return this.link.send({ ...request, allowed: this.allowed, sender: this }, (answer) => {
      this.#askedAt = undefined;
      this.#hasFailed = answer.result !== RESULT.ok || answer.status >= 400;
      this.hasDelivered ||= !this.#hasFailed;
      done(answer);
    });
  }

  /** Requests fail, or wait for long: the guest keeps what it was to deliver. */
  get isBehind(): boolean {
    return this.#hasFailed || (this.#askedAt !== undefined && this.clock.monotonic() - this.#askedAt > SLOW_MS);
  }

  /** A sensor that waits for no answer, and whose last one was good, keeps nothing. */
  get isDone(): boolean {
    return !this.#hasFailed && this.#askedAt === undefined;
  }
}
