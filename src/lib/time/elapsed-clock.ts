/**
 * Time that passes, whatever the wall clock does. It counts milliseconds like `Date.now()`, and agrees with it until the
 * wall clock is set. It never goes back, also not across a restart, if the caller stores {@link ElapsedClock.mark}.
 *
 * A step of the wall clock is reported and at first has no effect. When it has lasted an hour of elapsed time, it counts
 * as true: a step ahead then passes all at once, and a step back becomes the usual difference of the two clocks.
 */

/** The two clocks differ by more than this, in milliseconds, only when one was set or the machine was suspended. */
const STEP_MS = 3_000;
/** Milliseconds for which a step must last before it counts. */
const CONFIRM_MS = 3_600_000;
/** Milliseconds between two runs that count at once: an ordinary restart. What is longer may be a step of the clock. */
const RESTART_MS = 60_000;
/** Store a mark at least this often: the last run may have gone on for so long after its mark. */
export const MARK_AGE_MS = 30_000;

/** What outlives a restart. All in milliseconds. */
export interface ClockMark {
  elapsed: number;
  /** `Date.now()` at the same moment. */
  wall: number;
  /** How far the wall clock is ahead of the elapsed time without any step that waits to be confirmed; mostly 0. */
  offset: number;
}

export interface ClockEvent {
  /** `clock-corrected`: the step that was pending is undone, nothing waits any more. */
  type: 'clock-stepped' | 'clock-corrected' | 'clock-step-confirmed';
  /** How far the wall clock is ahead of what was expected; negative = behind. */
  byMs: number;
  /** The wall clock was set back while this process did not run. */
  whileStopped?: true;
}

export interface ClockSources {
  /** Unix milliseconds; may be set by anybody. */
  wall: () => number;
  /** Milliseconds from any origin, never set. */
  monotonic: () => number;
}

export class ElapsedClock {
  readonly #sources: ClockSources;
  /** Elapsed time minus monotonic time. */
  #base: number;
  #offset: number;
  /** The step that waits to be confirmed, and the elapsed time of its discovery. */
  #pending: { byMs: number; since: number } | undefined;
  #started = false;
  /**
   * Unix milliseconds of the start, while it is not known whether the time since the last run has passed or the clock was set
   * forward. Mostly it has: that is no news, nor that it counts an hour later.
   */
  unsureSince: number | undefined;

  /** `mark`: of the last run. Without one the elapsed time begins at the wall clock. */
  constructor(mark: ClockMark | undefined, sources: Partial<ClockSources> = {}) {
    this.#sources = { wall: () => Date.now(), monotonic: () => performance.now(), ...sources };
    const wall = this.#sources.wall();
    const stopped = mark ? wall - mark.wall : 0;
    const counted = stopped >= 0 && stopped <= RESTART_MS ? stopped : MARK_AGE_MS;
    const elapsed = mark ? mark.elapsed + counted : wall;
    this.#base = elapsed - this.#sources.monotonic();
    this.#offset = mark?.offset ?? 0;
  }

  /** Elapsed milliseconds, whole. */
  now(): number {
    return Math.floor(this.#base + this.#sources.monotonic());
  }

  /** How far the wall clock is ahead because of a step that is not confirmed yet; 0 = there is none. */
  get pendingMs(): number {
    return this.#pending?.byMs ?? 0;
  }

  /** How far the wall clock was set forward (back: below 0) while this ran; 0 when that counts. */
  get aheadMs(): number {
    return this.unsureSince === undefined ? this.pendingMs : 0;
  }

  /** Compares the clocks. Call it every second or so; returns what is new. */
  check(): ClockEvent | undefined {
    const whileStopped = this.#started ? {} : { whileStopped: true as const };
    this.#started = true;
    const now = this.now();
    const ahead = Math.round(this.#sources.wall() - now - this.#offset);
    const known = this.pendingMs;
    if (Math.abs(ahead - known) > STEP_MS) {
      if (Math.abs(ahead) <= STEP_MS) {
        this.#settle();
        return { type: 'clock-corrected', byMs: known, ...whileStopped };
      }
      this.#pending = { byMs: ahead, since: now };
      if (whileStopped.whileStopped && ahead > 0) {
        this.unsureSince = this.#sources.wall();
        return undefined;
      }
      return { type: 'clock-stepped', byMs: ahead, ...whileStopped };
    }
    if (!this.#pending || now - this.#pending.since < CONFIRM_MS) return undefined;
    const isNews = this.unsureSince === undefined;
    this.#settle();
    if (ahead > 0) this.#base += ahead;
    else this.#offset += ahead;
    return isNews ? { type: 'clock-step-confirmed', byMs: ahead } : undefined;
  }

  #settle(): void {
    this.#pending = undefined;
    this.unsureSince = undefined;
  }

  mark(): ClockMark {
    return { elapsed: this.now(), wall: this.#sources.wall(), offset: this.#offset };
  }
}
