import { expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import { Replacement } from './replacement.js';
import { newSensorRecord, type SensorRecord } from './sensor-record.js';

const T0 = 1_750_000_000_000;
/** Two default intervals of five seconds, and three seconds. */
const SILENCE_LIMIT = 13_000;
const at = (ms: number) => new Date(T0 + ms).toISOString();

interface Over {
  submission?: number;
  firstSeen?: number;
  lastSeen?: number;
  region?: string;
}

function sensor(id: string, { submission = 1, firstSeen = 0, lastSeen = firstSeen, region = 'eu' }: Over = {}) {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: id, hostname: 'h', icon_name: '', color: '', region, sequence: 1 },
    ...{ timestamp: at(lastSeen), job_submission_time: submission },
  };
  return { ...newSensorRecord(reading, T0 + firstSeen), lastSeen: T0 + lastSeen };
}

function replacementOf(...sensors: SensorRecord[]): Replacement {
  const replacement = new Replacement();
  for (const one of sensors) replacement.add(one);
  return replacement;
}
const replaced = (...sensors: SensorRecord[]) => sensors.map((one) => one.replaced);

test('the newer submission replaces the older one, whichever is known first', () => {
  const [old, young] = [sensor('old'), sensor('young', { submission: 2 })];
  replacementOf(old, young);
  expect(replaced(old, young)).toEqual([true, false]);
  const [late, first] = [sensor('late'), sensor('first', { submission: 2 })];
  replacementOf(first, late);
  expect(replaced(late, first)).toEqual([true, false]);
});

test('sensors of one submission on hosts of one name do not replace one another at once', () => {
  const sensors = [sensor('a'), sensor('b')];
  replacementOf(...sensors);
  expect(replaced(...sensors)).toEqual([false, false]);
});

test.each([
  ['began with the other one', { firstSeen: 0 }, false],
  ['began a silence limit before the last reading of the other one', { firstSeen: 20_000 - SILENCE_LIMIT }, true],
  ['began earlier than that', { firstSeen: 20_000 - SILENCE_LIMIT - 1 }, false],
  ['began after it', { firstSeen: 30_000 }, true],
])('a silent sensor and one that %s', (_, over, isReplaced) => {
  const silent = sensor('silent', { lastSeen: 20_000 });
  const other = sensor('other', { ...over, lastSeen: 60_000 });
  replacementOf(silent, other).record(other, other.reading, T0 + 60_000);
  expect(replaced(silent, other)).toEqual([isReplaced, false]);
});

test('one that began at the same moment is no successor', () => {
  const [silent, other] = [sensor('silent', { lastSeen: 5000 }), sensor('other', { lastSeen: 60_000 })];
  replacementOf(silent, other).record(other, other.reading, T0 + 60_000);
  expect(silent.replaced).toBe(false);
});

test('a late reading of the successor shows the replacement, too', () => {
  const [silent, successor] = [sensor('silent'), sensor('successor', { firstSeen: 5000, lastSeen: 60_000 })];
  const replacement = replacementOf(silent, successor);
  replacement.record(successor, { ...successor.reading, timestamp: at(6000) }, T0 + 60_000);
  expect(silent.replaced).toBe(true);
});

test.each([
  [0, false],
  [SILENCE_LIMIT, false],
  [SILENCE_LIMIT + 1, true],
])('a replaced sensor that sends a reading of %s ms ago: replaced still? %s', (age, isReplaced) => {
  const [lost, successor] = [sensor('lost'), sensor('successor', { firstSeen: 5000, lastSeen: 60_000 })];
  const replacement = replacementOf(lost, successor);
  replacement.record(successor, successor.reading, T0 + 60_000);
  expect(lost.replaced).toBe(true);
  replacement.record(lost, { ...lost.reading, timestamp: at(60_000 - age) }, T0 + 60_000);
  expect(lost.replaced).toBe(isReplaced);
});

test('a fresh reading does not bring back a sensor of an older submission', () => {
  const [old, young] = [sensor('old'), sensor('young', { submission: 2 })];
  const replacement = replacementOf(old, young);
  replacement.record(old, { ...old.reading, timestamp: at(100) }, T0 + 100);
  expect(replaced(old, young)).toEqual([true, false]);
});

test('a reading of a region from which no sensor is known changes nothing', () => {
  const only = sensor('only');
  replacementOf(only).record(only, { ...only.reading, region: 'us' }, T0);
  expect(only.replaced).toBe(false);
});

test('the newest submission of a place is remembered until its last active sensor is forgotten', () => {
  const old = sensor('old');
  const young = [sensor('a', { submission: 2 }), sensor('b', { submission: 2 })] as const;
  const replacement = replacementOf(old, ...young);
  expect(replacement.isOutdated(old)).toBe(true);
  replacement.forget(old);
  expect(replacement.isOutdated(old)).toBe(true);
  replacement.forget(young[0]);
  expect(replacement.isOutdated(old)).toBe(true);
  replacement.forget(young[1]);
  expect(replacement.isOutdated(old)).toBe(false);
  expect(() => replacement.forget(young[1])).not.toThrow();
});

test('a silent sensor was replaced when the newest submission of its place was made, unless it is known better', () => {
  const [old, other] = [sensor('old'), sensor('other', { submission: T0 + 5, region: 'us' })];
  const replacement = replacementOf(old, other);
  expect([old.replaced, replacement.timeOf(old)]).toEqual([false, T0 + 5]);
  expect(replacement.timeOf({ ...old, replacedAt: T0 + 3 })).toBe(T0 + 3);
});

test.each([
  ['between two known ones', [1, 3, 2]],
  ['after both, newest first', [3, 2, 1]],
  ['before the last two', [2, 3, 1]],
  ['in order', [1, 2, 3]],
])('a version that becomes known %s: each sensor was replaced by the next one', (_, submissions) => {
  const sensors = submissions.map((submission) => sensor(`v${submission}`, { submission: T0 + submission }));
  const replacement = replacementOf(...sensors);
  const [first, second, third] = sensors.sort((a, b) => a.reading.job_submission_time - b.reading.job_submission_time);
  expect([first!, second!].map((one) => replacement.timeOf(one))).toEqual([T0 + 2, T0 + 3]);
  expect(third).toMatchObject({ replaced: false });
});

test('a sensor of an older submission that comes late does not keep the place', () => {
  const [young, late] = [sensor('young', { submission: 2 }), sensor('late')];
  const replacement = replacementOf(young, late);
  replacement.forget(young);
  expect(replacement.isOutdated(late)).toBe(false);
});

test('one that came back is forgotten as what it was then, wherever it has moved since', () => {
  // As a checkpoint has it.
  const lost = { ...sensor('lost', { submission: 2 }), replaced: true, replacedAt: T0 };
  const successor = sensor('successor', { submission: 2, firstSeen: 5000 });
  const replacement = replacementOf(successor, lost);
  replacement.record(lost, { ...lost.reading, timestamp: at(6000) }, T0 + 6000);
  expect(lost.replaced).toBe(false);
  expect(lost).not.toHaveProperty('replacedAt');
  lost.reading = { ...lost.reading, region: 'us' };
  for (const one of [successor, lost]) replacement.forget(one);
  expect(replacement.isOutdated(sensor('old'))).toBe(false);
});

test('a replaced sensor whose successors are forgotten stays replaced, whatever it sends', () => {
  // As a checkpoint has it.
  const lost = { ...sensor('lost'), replaced: true, replacedAt: T0 };
  const replacement = replacementOf(lost);
  replacement.record(lost, { ...lost.reading, timestamp: at(6000) }, T0 + 6000);
  expect(lost.replaced).toBe(true);
});
