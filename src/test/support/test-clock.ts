/** The clock that a test holds: `Date` stands still, or runs faster than the real one, and timers stay real. */
import { vi } from 'vitest';

/** 2026-01-31, 12:00 UTC. */
export const NOON = Date.UTC(2026, 0, 31, 12);

export function holdClock(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: NOON });
}

/** Lets go; for the end of each test. */
export function releaseClock(): void {
  vi.useRealTimers();
}

/**
 * Runs something while every real hundredth of a second is `speed` hundredths for `Date`: long waits end soon. Afterwards
 * it is as late as before, however long it took.
 */
export async function hurried<T>(run: () => Promise<T>, speed = 10): Promise<T> {
  const before = Date.now();
  const timer = setInterval(() => vi.setSystemTime(Date.now() + 10 * speed), 10);
  try {
    return await run();
  } finally {
    clearInterval(timer);
    vi.setSystemTime(before);
  }
}

/** For a queue server: time elapses as the clock that the test holds says, so no step is one to it. */
export const HELD_CLOCK = { wall: () => Date.now(), monotonic: () => Date.now() };
