import { expect, test } from 'vitest';
import { findFieldProblem, isReading, type Message, type Reading, toReading } from './message.js';

const NOW = Date.parse('2026-03-26T12:00:00Z');

// The wire contract's corner cases; the proxy's tests have the rest.
test.each([
  ['2026-03-26T12:00:00Z', undefined],
  ['2026-03-26T12:00:00.123456789Z', undefined],
  ['2026-03-26 12:00:00+00:00', undefined],
  ['2026-03-27T12:00:00.000Z', undefined],
  ['2026-03-27T12:00:00.001Z', 'timestamp is more than a day ahead of this clock'],
  // The same moment, by another clock.
  ['2026-03-27T14:00:00.001+02:00', 'timestamp is more than a day ahead of this clock'],
  ['2026-03-27T14:00:00.000+02:00', undefined],
  ['2026-03-26', 'timestamp must be ISO 8601 with a time zone'],
  ['2026-02-28T12:00:00Z', undefined],
  ['2024-02-29T12:00:00Z', undefined],
  ['2026-02-29T12:00:00Z', 'timestamp must be ISO 8601 with a time zone'],
  ['2025-04-31T12:00:00Z', 'timestamp must be ISO 8601 with a time zone'],
  ['2026-03-26T25:00:00Z', 'timestamp must be ISO 8601 with a time zone'],
  ['+012026-03-26T12:00:00Z', 'timestamp must be ISO 8601 with a time zone'],
  ['', 'timestamp must be ISO 8601 with a time zone'],
])('the timestamp %j: %s', (timestamp, reason) => {
  expect(findFieldProblem({ timestamp }, NOW)).toBe(reason);
});

test.each([
  [{ sequence: 1, job_submission_time: 0 }, undefined],
  // It would be no reading, and count for no sensor.
  [{ sequence: 0 }, 'sequence'],
  [{ sequence: 4_294_967_295 }, undefined],
  [{ sequence: 4_294_967_296 }, 'sequence'],
  [{ job_submission_time: NOW + 86_400_000 }, undefined],
  // Microseconds: every later submission would count as an older one.
  [{ job_submission_time: NOW * 1000 }, 'job_submission_time'],
  [{ hostname: 'x'.repeat(256), icon_name: '👩‍🚀' }, undefined],
  [{ region: 'x'.repeat(257) }, 'region'],
  [{ hostname: '\u001b[2J' }, 'hostname'],
  [{ icon_name: '\u009b31m' }, 'icon_name'],
  [{ region: 'us\n' }, 'region'],
  [{ job_id: '\u202eevil' }, 'job_id'],
  [{ color: '#00fF88' }, undefined],
  [{ color: '#00ff8' }, 'color'],
  [{ color: '#00ff888' }, 'color'],
  [{ color: '' }, 'color'],
  [{ icon_name: null }, 'icon_name'],
  [{ sequence: undefined, anything: [{ else: 1 }] }, undefined],
  [{ values: { temperature: -3.98, humidity_2: 0 } }, undefined],
  [{ values: {} }, undefined],
  [{ values: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`v${i}`, i])) }, undefined],
  [{ values: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`v${i}`, i])) }, 'values'],
  [{ values: null }, 'values'],
  [{ values: [1] }, 'values'],
  [{ values: { Temperature: 1 } }, 'values'],
  [{ values: { '2nd': 1 } }, 'values'],
  [{ values: { [`t${'x'.repeat(31)}`]: 1 } }, undefined],
  [{ values: { [`t${'x'.repeat(32)}`]: 1 } }, 'values'],
  [{ values: { temperature: '4' } }, 'values'],
  [JSON.parse('{"values":{"temperature":1e999}}'), 'values'],
])('of %j the problem is %s', (message, field) => {
  const about = field === undefined ? undefined : expect.stringContaining(field);
  expect(findFieldProblem(message as Message, NOW)).toEqual(about);
});

test.each([
  [{ execution_id: 'e', sequence: 1 }, true],
  [{ execution_id: '', sequence: 1 }, false],
  [{ execution_id: 'e' }, false],
  [{ sequence: 1 }, false],
  [{ execution_id: 'e', sequence: '1' }, false],
  [{ data: { test: 'Hello' } }, false],
  // Sensors count from 1 on.
  [{ execution_id: 'e', sequence: 0 }, false],
  [{ execution_id: 'e', sequence: -1 }, false],
  [{ execution_id: 'e', sequence: 1.5 }, false],
  [{ execution_id: 'e', sequence: 2 ** 53 }, false],
])('%j is a reading: %s', (message, is) => {
  expect(isReading(message)).toBe(is);
});

test('measured values are kept', () => {
  const message = { execution_id: 'e', sequence: 1, values: { temperature: 4.5 } } as Partial<Reading> as Reading;
  expect(toReading({ ...message }).values).toEqual({ temperature: 4.5 });
});

test("the seed's six fields become nine; what more a message has is left out", () => {
  const six = { job_id: 'j', execution_id: 'e', icon_name: '🚀', timestamp: 't', color: '#FF5733', sequence: 42 };
  const expected: Reading = { ...six, region: 'unknown', job_submission_time: 0, hostname: 'e' };
  expect(toReading({ ...six, extra: 1 } as unknown as Message & Reading)).toEqual(expected);
});

test('of a message that has hardly anything the rest is empty', () => {
  expect(toReading({ execution_id: 'e', sequence: 1 } as Message & Reading)).toEqual({
    ...{ job_id: '', execution_id: 'e', icon_name: '', timestamp: '', color: '', sequence: 1 },
    ...{ region: 'unknown', job_submission_time: 0, hostname: 'e' },
  });
});

test('nothing that a terminal acts upon gets to where readings are shown', () => {
  const reading = { execution_id: 'e', sequence: 1, hostname: 'h', region: 'us', job_id: 'j', icon_name: 'i' };
  for (const field of ['execution_id', 'hostname', 'region', 'job_id', 'icon_name']) {
    for (const evil of ['e\u001b[2J', 'h\u0007\nx', '\u202eus']) {
      expect(findFieldProblem({ ...reading, [field]: evil })).toContain(`${field} must not have`);
    }
  }
});
