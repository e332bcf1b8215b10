import { expect, test } from 'vitest';
import { patchSchema, shows } from './desired-config.js';
import { parseReportedConfig } from './sensor-config.js';
import { findSettingProblem } from './sensor-settings.js';

const HEADER = 'v=7;src=ddddd;file=none;interval=5000;paused=0';
const report = (settings: string) => parseReportedConfig(`${HEADER};settings=${settings}`);

test('a report carries settings with their value, source, type and range', () => {
  expect(report('threshold:12.5:n:n:-10.0:100.0,count:3.0:r:i:1.0:10.0,alarm:false:d:b')?.settings).toEqual({
    threshold: { value: 12.5, source: 'fleet', type: 'number', range: [-10, 100] },
    count: { value: 3, source: 'refused', type: 'integer', range: [1, 10] },
    alarm: { value: false, source: 'default', type: 'boolean' },
  });
  expect(report('tiny:1e-7:d:n:-1e+21:1e+21')?.settings?.tiny).toMatchObject({ value: 1e-7, range: [-1e21, 1e21] });
  expect(parseReportedConfig(HEADER)).not.toHaveProperty('settings');
});

test.each([
  '',
  'Threshold:1:d:n:0:2',
  'threshold:NaN:d:n:0:2',
  'threshold:1:x:n:0:2',
  'threshold:1:d:n:0',
  'alarm:true:d:b:0:1',
  'a:1:d:n:0:2,',
  Array.from({ length: 17 }, (_, i) => `s${i}:1:d:n:0:2`).join(','),
])('%j is no report', (settings) => {
  expect(report(settings)).toBeUndefined();
});

test('the sensor decides by type and range, its limits included', () => {
  const { threshold, count, alarm } = report('threshold:5:d:n:-10:100,count:3:d:i:1:10,alarm:false:d:b')!.settings!;
  expect([-10, 100, 0.5].map((value) => findSettingProblem(threshold!, value))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([-10.1, true].map((value) => findSettingProblem(threshold!, value))).toEqual(
    Array(2).fill('must be a number from -10 to 100'),
  );
  expect([1, 1.5].map((value) => findSettingProblem(count!, value))).toEqual([
    undefined,
    'must be a whole number from 1 to 10',
  ]);
  expect([true, 1].map((value) => findSettingProblem(alarm!, value))).toEqual([undefined, 'must be true or false']);
});

test('a change takes settings beside the fields of every sensor, and nothing else', () => {
  const change = {
    set: { color: '#00ff88', 'settings.threshold': 5, 'settings.alarm': true },
    unset: ['settings.count'],
  };
  expect(patchSchema.parse(change)).toMatchObject(change);
  const reasonOf = (change: object) => patchSchema.safeParse(change).error?.issues[0];
  expect(reasonOf({ set: { 'settings.threshold': '5' } })).toMatchObject({ message: 'must be a number or a boolean' });
  expect(reasonOf(JSON.parse('{"set":{"settings.threshold":1e999}}'))).toBeDefined();
  expect(reasonOf({ set: { colr: 5 } })).toMatchObject({ code: 'unrecognized_keys', keys: ['colr'] });
  expect(reasonOf({ set: { 'settings.Threshold': 5 } })).toMatchObject({ code: 'unrecognized_keys' });
  expect(reasonOf({ set: { interval: 0 } })).toMatchObject({ path: ['set', 'interval'] });
  expect(reasonOf({ unset: ['colr'] })).toBeDefined();
});

test('a sensor shows a setting when it has that value from the fleet; one that has not declared it ignores it', () => {
  const seen = (settings: string) => ({ color: '#000000', icon_name: '🚀', config: report(settings) });
  const desired = { 'settings.threshold': 5 } as const;
  expect(shows(desired, seen('threshold:5.0:n:n:0:10'))).toBe(true);
  expect(shows(desired, seen('threshold:5.0:d:n:0:10'))).toBe(false);
  expect(shows(desired, seen('threshold:4.0:n:n:0:10'))).toBe(false);
  expect(shows(desired, seen('threshold:4.0:r:n:0:4'))).toBe(false);
  expect(shows(desired, seen('other:4.0:d:n:0:4'))).toBe(true);
  expect(shows(desired, { ...seen(''), config: parseReportedConfig(HEADER) })).toBe(true);
});
