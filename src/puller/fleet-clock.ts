/**
 * The time of the fleet view. When somebody sets the wall clock, the times in the view move with it, in the same moment:
 * otherwise sensors would be silent or forgotten, or never fall silent, because of a clock.
 */
import type { ClockEvent, ElapsedClock } from '../lib/time/elapsed-clock.js';

/**
 * Unix milliseconds, in step with the fleet view. `shift`: moves all times from `since` on by so many milliseconds; what was
 * before the start did not move with a clock that was set then, and does not move back.
 */
export function fleetTime(
  clock: ElapsedClock,
  shift: (by: number, since: number | undefined) => void,
  onEvent: (event: ClockEvent) => void,
): () => number {
  return () => {
    const { pendingMs, unsureSince } = clock;
    const event = clock.check();
    const now = Date.now();
    if (!event) return now;
    onEvent(event);
    // What the view had before the start was moved when it was restored.
    if (!event.whileStopped && event.type !== 'clock-step-confirmed') shift(clock.pendingMs - pendingMs, unsureSince);
    return now;
  };
}
