/** For tests: time that passes only when told to, so that hours of a sensor's life take seconds. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HostClock } from '../../sensor-host/guest/host-clock.js';
import type { HttpTransport } from '../../sensor-host/guest/transport.js';

interface Timer {
  at: number;
  callback: () => void;
}

export class TestClock implements HostClock {
  /** Milliseconds since the start. */
  time = 0;
  /** Unix milliseconds of the start. */
  readonly epoch = Date.parse('2025-03-26T12:00:00Z');
  /** Requests under way. */
  #underWay = 0;
  readonly #timers = new Set<Timer>();

  wallTime(): number {
    return this.epoch + Math.floor(this.time);
  }

  monotonic(): number {
    return this.time;
  }

  after(ms: number, callback: () => void) {
    const timer = { at: this.time + ms, callback };
    this.#timers.add(timer);
    return { close: () => this.#timers.delete(timer) };
  }

  /** A transport whose requests take no time; `held` says how many of them wait for a server that does not answer. */
  watch(transport: HttpTransport, held: () => number = () => 0): HttpTransport {
    this.#held = held;
    return {
      send: (request, done) => {
        this.#underWay++;
        let counted = true;
        const settle = () => {
          if (counted) this.#underWay--;
          counted = false;
        };
        const call = transport.send(request, (answer) => {
          settle();
          done(answer);
        });
        return {
          close: () => {
            settle();
            call.close();
          },
        };
      },
      close: () => transport.close(),
    };
  }

  /** Lets `ms` pass; requests are answered in between. */
  async pass(ms: number): Promise<void> {
    const until = this.time + ms;
    for (;;) {
      await this.#settle();
      const next = this.#next();
      if (!next || next.at > until) break;
      this.#fire(next);
    }
    this.time = until;
  }

  /** As `pass`, for a transport that needs no turns of the event loop. */
  run(ms: number): void {
    const until = this.time + ms;
    for (let next = this.#next(); next && next.at <= until; next = this.#next()) this.#fire(next);
    this.time = until;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (!first || timer.at < first.at) first = timer;
    return first;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.time = Math.max(this.time, timer.at);
    timer.callback();
  }

  #held: () => number = () => 0;

  async #settle(): Promise<void> {
    do await nextTurn();
    while (this.#underWay > this.#held());
  }
}
