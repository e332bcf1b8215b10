/**
 * The time of the fleet view. When somebody sets the wall clock, the times in the view move with it, in the same moment:
 * otherwise sensors would be silent or forgotten, or never fall silent, because of a clock.
 */
import type { ClockEvent, ElapsedClock } from '../lib/time/elapsed-clock.js';

export class FleetClock {
  readonly #clock: ElapsedClock;
  readonly #shift: (by: number, since: number | undefined) => void;
  readonly #onEvent: (event: ClockEvent) => void;
  /**
   * Set while it is not known whether the time since the last run has passed or the clock was set forward: times from
   * before it did not move then, and do not move back.
   */
  #since: number | undefined;

  /** `shift`: moves all times from `since` on by so many milliseconds. */
  constructor(
    clock: ElapsedClock,
    shift: (by: number, since: number | undefined) => void,
    onEvent: (event: ClockEvent) => void,
  ) {
    this.#clock = clock;
    this.#shift = shift;
    this.#onEvent = onEvent;
  }

  /** Unix milliseconds, in step with the fleet view. */
  now(): number {
    const before = this.#clock.pendingMs;
    const event = this.#clock.check();
    const now = Date.now();
    if (event) this.#handle(event, this.#clock.pendingMs - before, now);
    return now;
  }

  /** As {@link now}, but time that may not have passed does not count. For what can not be undone. */
  confirmed(): number {
    return this.now() - Math.max(0, this.#clock.pendingMs);
  }

  /** How far the clock was set forward while the puller ran, in milliseconds; 0 when that is confirmed. */
  get aheadMs(): number {
    return this.#since === undefined ? this.#clock.pendingMs : 0;
  }

  #handle(event: ClockEvent, by: number, now: number): void {
    const stopped = event.whileStopped && by > 0;
    if (stopped) this.#since = now;
    // An ordinary restart is no news, and no news either when it has been an hour ago.
    const isNews = !stopped && !(event.type === 'clock-step-confirmed' && this.#since !== undefined);
    if (isNews) this.#onEvent(event);
    // What the view had before was moved when it was restored.
    if (!event.whileStopped && event.type !== 'clock-step-confirmed') this.#shift(by, this.#since);
    if (this.#clock.pendingMs === 0) this.#since = undefined;
  }
}
