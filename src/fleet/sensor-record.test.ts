import { expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import { parseReportedConfig } from '../protocol/sensor-config.js';
import { keptBy } from './ledger.js';
import { isStopped, markStopped, newSensorRecord, recordReading, shiftTimes } from './sensor-record.js';

const T0 = 1_750_000_000_000;
const reading = (sequence: number, ms: number, over: Partial<Reading> = {}): Reading => ({
  ...{ job_id: 'j', execution_id: 'e', hostname: 'h', icon_name: '', color: '', region: 'eu', sequence },
  ...{ timestamp: new Date(T0 + ms).toISOString(), job_submission_time: 1, ...over },
});

/** A sensor with these readings, recorded when they were taken. */
function recorded(...readings: [sequence: number, ms: number][]) {
  const sensor = newSensorRecord(reading(1, 0), T0);
  const arrivals = readings.map(([sequence, ms]) => recordReading(sensor, reading(sequence, ms), undefined, T0 + ms));
  return { sensor, arrivals };
}

test('the number of the last reading with a newer timestamp is a restart', () => {
  const { sensor, arrivals } = recorded([1, 0], [1, 1000]);
  expect(arrivals).toEqual(['next', 'next']);
  expect([sensor.restarts, sensor.reading.timestamp]).toEqual([1, new Date(T0 + 1000).toISOString()]);
});

test('a duplicate that comes late, from a clock that was two days ahead, is no restart: the readings after it count', () => {
  const ahead = 2 * 86_400_000;
  const { sensor } = recorded([1, 0]);
  recordReading(sensor, reading(2, ahead), undefined, T0 + 1000);
  recordReading(sensor, reading(3, 2000), undefined, T0 + 2000);
  expect(recordReading(sensor, reading(2, ahead), undefined, T0 + 2500)).toBe('duplicate');
  expect(recordReading(sensor, reading(4, 3000), undefined, T0 + 3000)).toBe('next');
  expect([sensor.restarts, sensor.late]).toEqual([0, 0]);
});

test('a node whose clock is ahead all the time may restart', () => {
  const ahead = 2 * 86_400_000;
  const sensor = newSensorRecord(reading(1, ahead), T0);
  recordReading(sensor, reading(1, ahead), undefined, T0);
  recordReading(sensor, reading(2, ahead + 1000), undefined, T0 + 1000);
  expect(recordReading(sensor, reading(1, ahead + 5000), undefined, T0 + 5000)).toBe('next');
  expect(sensor.restarts).toBe(1);
});

test('a node may be set ahead while it restarts: the first reading of the new run is none of before', () => {
  const { sensor } = recorded([1, 0], [2, 1000], [3, 2000]);
  expect(recordReading(sensor, reading(1, 2 * 86_400_000), undefined, T0 + 5000)).toBe('next');
  expect([sensor.restarts, sensor.tracker.highest]).toEqual([1, 1]);
});

test('a late reading from before a restart is not the newest, even with the highest number', () => {
  const { sensor, arrivals } = recorded([1, 0], [2, 1000], [1, 5000], [2, 6000], [2, 900]);
  expect(arrivals.at(-1)).toBe('late');
  expect(sensor).not.toHaveProperty('lost');
  expect(sensor.reading.timestamp).toBe(new Date(T0 + 6000).toISOString());
});

test('what a run before has lost is found when it comes late', () => {
  const { sensor } = recorded([1, 0], [3, 2000], [1, 5000]);
  expect(sensor.lost).toBe(1);
  expect(recordReading(sensor, reading(2, 1000), undefined, T0 + 6000)).toBe('late');
  expect(sensor.lost).toBe(0);
});

test.each([
  ['a reading that arrived just then', 0, 1000, 1000, true],
  ['a reading of just then that arrived later', 1000, 9000, 1000, true],
  ['a reading of later', 1001, 9000, 1000, false],
  ['a reading of later, by a wrong clock, that arrived before', 5000, 900, 1000, true],
])('a stopped sensor whose last sign is %s', (_, taken, arrived, stopped, expected) => {
  const sensor = newSensorRecord(reading(1, taken), T0 + arrived);
  expect(isStopped(sensor)).toBe(false);
  expect(isStopped({ ...sensor, endedAt: T0 + stopped })).toBe(expected);
});

test.each([
  ['before the view began', T0 - 1, 0],
  ['at an unknown time', 0, 0],
  ['since then', T0, 41],
])('a lone reading 42 of a sensor that was deployed %s has the gaps that it must have', (_, submitted, gaps) => {
  const lone = reading(42, 0, { job_submission_time: submitted });
  const sensor = newSensorRecord(lone, T0, T0);
  expect(recordReading(sensor, lone, undefined, T0)).toBe(gaps === 0 ? 'next' : 'ahead');
  expect(sensor.tracker.missingSince()).toBe(gaps);
});

const report = (taken: number, dropped: number, began: number) =>
  parseReportedConfig(
    `v=0;src=ddddd;file=none;interval=1000;paused=0;taken=${taken};dropped=${dropped};began=${T0 + began}`,
  );

test('what a run has taken and dropped counts from its first reading on', () => {
  const { sensor } = recorded([1, 0], [2, 1000]);
  recordReading(sensor, reading(1, 5000), report(7, 0, 5000), T0 + 6000);
  expect(sensor).toMatchObject({ restarts: 1, taken: { count: 7, at: T0 + 6000 }, dropped: 0 });
  const fresh = newSensorRecord(reading(1, 0), T0);
  recordReading(fresh, reading(1, 0), report(1, 0, 0), T0);
  expect(fresh).toMatchObject({ taken: { count: 1, at: T0 }, dropped: 0 });
  recordReading(sensor, reading(9, 8000), report(9, 6, 5000), T0 + 9000);
  expect(sensor).toMatchObject({ taken: { count: 9, at: T0 + 9000 }, dropped: 6 });
});

test('what a sensor may keep is what it has reported and what it has taken since', () => {
  const sensor = newSensorRecord(reading(5, 0), T0);
  recordReading(sensor, reading(5, 0), report(10, 0, 0), T0);
  expect([0, 900, 60_000].map((ms) => keptBy(sensor, T0 + ms))).toEqual([5, 5, 65]);
});

test('when our clock is set, what was measured by it moves, and times of the sensor stay', () => {
  const { sensor } = recorded([1, 0]);
  shiftTimes(sensor, 1000);
  expect(sensor).toMatchObject({ firstSeen: T0 + 1000, lastSeen: T0 + 1000 });
  for (const name of ['endedAt', 'stoppingAt', 'taken']) expect(sensor).not.toHaveProperty(name);
  recordReading(sensor, reading(3, 2000), report(7, 0, 0), T0 + 3000);
  markStopped(sensor, T0 + 4000, T0 + 5000, true);
  const before = structuredClone({ ...sensor, tracker: { missing: sensor.tracker.missing } });
  shiftTimes(sensor, 500);
  expect(sensor).toMatchObject({
    ...{ newestTimestamp: before.newestTimestamp, reading: before.reading },
    ...{ firstSeen: T0 + 1500, lastSeen: T0 + 3500, stoppingAt: T0 + 4500, endedAt: T0 + 5500 },
    ...{ taken: { count: 7, at: T0 + 3500 }, behindMs: before.behindMs! + 500 },
  });
  expect(sensor.tracker.missing).toEqual(before.tracker.missing.map((one) => ({ ...one, since: one.since + 500 })));
});
