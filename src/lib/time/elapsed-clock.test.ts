import { beforeEach, expect, test } from 'vitest';
import { type ClockMark, ElapsedClock, MARK_AGE_MS } from './elapsed-clock.js';

const START = 1_750_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let wall: number;
let monotonic: number;
let clock: ElapsedClock;
const sources = { wall: () => wall, monotonic: () => monotonic };

beforeEach(() => {
  wall = START;
  monotonic = 12_345.6;
  open();
});

function open(mark?: ClockMark): void {
  clock = new ElapsedClock(mark, sources);
}

/** Another process, whose monotonic clock begins elsewhere, `down` milliseconds later by the wall clock. */
function restart(down: number): void {
  const mark = clock.mark();
  wall += down;
  monotonic = 1;
  open(mark);
}

function pass(ms: number): void {
  wall += ms;
  monotonic += ms;
}

test('it agrees with the wall clock as long as nobody sets it', () => {
  pass(5 * DAY);
  expect([clock.now(), clock.check(), clock.pendingMs]).toEqual([wall, undefined, 0]);
});

test.each([5 * DAY, -HOUR])('a step by %d ms is said once and does not count', (step) => {
  pass(MINUTE);
  expect(clock.check()).toBeUndefined();
  wall += step;
  expect(clock.now()).toBe(START + MINUTE);
  expect(clock.check()).toEqual({ type: 'clock-stepped', byMs: step });
  pass(1_000);
  expect([clock.check(), clock.pendingMs]).toEqual([undefined, step]);
  expect(clock.now()).toBe(START + MINUTE + 1_000);
});

test('a step ahead counts when it has lasted an hour', () => {
  clock.check();
  wall += DAY;
  clock.check();
  pass(HOUR - 1);
  expect([clock.check(), clock.now()]).toEqual([undefined, wall - DAY]);
  pass(1);
  expect(clock.check()).toEqual({ type: 'clock-step-confirmed', byMs: DAY });
  expect([clock.now(), clock.pendingMs, clock.check()]).toEqual([wall, 0, undefined]);
});

test('the elapsed time never goes back: after a step back that lasted it stays ahead of the wall clock', () => {
  clock.check();
  wall -= HOUR;
  clock.check();
  pass(HOUR);
  expect(clock.check()).toEqual({ type: 'clock-step-confirmed', byMs: -HOUR });
  expect(clock.now()).toBe(wall + HOUR);
  pass(DAY);
  restart(10_000);
  expect([clock.check(), clock.now()]).toEqual([undefined, wall + HOUR]);
});

test('a clock that is set right again leaves no trace', () => {
  clock.check();
  wall += 2 * DAY;
  clock.check();
  pass(50 * MINUTE);
  wall -= 2 * DAY;
  expect(clock.check()).toEqual({ type: 'clock-corrected', byMs: 2 * DAY });
  pass(2 * HOUR);
  expect([clock.check(), clock.now()]).toEqual([undefined, wall]);
});

test('every further step begins the hour anew', () => {
  clock.check();
  wall += DAY;
  clock.check();
  pass(50 * MINUTE);
  wall += DAY;
  expect(clock.check()).toEqual({ type: 'clock-stepped', byMs: 2 * DAY });
  pass(50 * MINUTE);
  expect([clock.check(), clock.now()]).toEqual([undefined, START + 100 * MINUTE]);
});

test('a restart within a minute counts with the time it took', () => {
  pass(DAY);
  restart(MINUTE);
  expect([clock.now(), clock.check()]).toEqual([START + DAY + MINUTE, undefined]);
});

test.each([5 * DAY, -HOUR])('%d ms between two runs do not count until an hour has passed', (down) => {
  pass(MINUTE);
  restart(down);
  // The mark may be so old, and no moment is to come twice.
  const begin = START + MINUTE + MARK_AGE_MS;
  expect(clock.now()).toBe(begin);
  const byMs = down - MARK_AGE_MS;
  // Time that has passed while nothing ran is no news.
  const isNews = down < 0;
  expect(clock.check()).toEqual(isNews ? { type: 'clock-stepped', byMs, whileStopped: true } : undefined);
  expect([clock.pendingMs, clock.aheadMs]).toEqual([byMs, isNews ? byMs : 0]);
  pass(HOUR);
  expect(clock.check()).toEqual(isNews ? { type: 'clock-step-confirmed', byMs } : undefined);
  expect(clock.now()).toBe(Math.max(wall, begin + HOUR));
});

test('a restart while a step waits does not confirm it', () => {
  clock.check();
  wall += 5 * DAY;
  clock.check();
  restart(1_000);
  expect([clock.check(), clock.pendingMs]).toEqual([undefined, 5 * DAY]);
  expect(clock.now()).toBe(START + 1_000);
});

test('small differences, as of a slewed clock, are no step', () => {
  clock.check();
  wall += 2_900;
  expect([clock.check(), clock.pendingMs]).toEqual([undefined, 0]);
});
