import { expect, test } from 'vitest';
import type { Scope } from '../../protocol/desired-config.js';
import { parseReportedConfig } from '../../protocol/sensor-config.js';
import type { ConfigTarget } from './config-target.js';
import { requireKnown } from './require-known.js';

const HEADER = 'v=7;src=ddddd;file=none;interval=5000;paused=0';
const sensor = (region: string, settings?: string, state = 'live') => ({
  ...{ region, hostname: `edge-${region}-1`, state },
  config: parseReportedConfig(settings === undefined ? HEADER : `${HEADER};settings=${settings}`),
});
const SENSORS = [
  sensor('us'),
  sensor('eu', 'threshold:5.0:d:n:0:10,alarm:true:d:b'),
  sensor('as', 'threshold:5.0:d:i:0:100'),
  sensor('as', 'old:5.0:d:n:0:10', 'replaced'),
];
const target = (sensors: object[] | undefined, fleetConfig: object = {}) =>
  ({
    proxies: [{ state: async () => ({ fleet: { version: 1, ...fleetConfig }, regions: {}, hosts: {} }) }],
    fleet: { snapshot: async () => (sensors ? { sensors } : Promise.reject(new Error('gone'))) },
  }) as unknown as ConfigTarget;
const check = (scope: Scope, set: object, unset: string[] = [], known = target(SENSORS)) =>
  requireKnown(known, scope, { set, unset } as never).then(
    () => 'fine',
    ({ code, message, hint }) => [code, message, hint].join(' | '),
  );

test('a setting is known where a sensor of the scope has declared it', async () => {
  expect(await check({}, { color: '#000000' })).toBe('fine');
  expect(await check({ region: 'eu' }, { 'settings.threshold': 0.5, 'settings.alarm': false })).toBe('fine');
  expect(await check({ region: 'us' }, { 'settings.threshold': 1 })).toBe(
    'BAD_VALUE | there is no setting "threshold" | These sensors have: color, emoji, random_off, interval, paused. Add --ahead to set it before a sensor has it.',
  );
  expect(await check({}, { 'settings.old': 1 })).toMatch('interval, paused, threshold, alarm.');
});

test('a value must suit every sensor that has the setting', async () => {
  expect(await check({ region: 'as' }, { 'settings.threshold': 50 })).toBe('fine');
  expect(await check({}, { 'settings.threshold': 50 })).toMatch(
    'BAD_VALUE | threshold: 50 must be a number from 0 to 10, says the sensor of edge-eu-1',
  );
  expect(await check({}, { 'settings.threshold': 0.5 })).toMatch(
    'whole number from 0 to 100, says the sensor of edge-as-1',
  );
  expect(await check({ hostname: 'edge-eu-1' }, { 'settings.alarm': 1 })).toMatch('must be true or false');
});

test('what is set can be cleared, also when no sensor has it any more; nothing is refused where nobody can be asked', async () => {
  expect(await check({}, {}, ['settings.alarm'])).toBe('fine');
  expect(await check({}, {}, ['settings.old'])).toMatch('there is no setting "old"');
  expect(await check({}, {}, ['settings.old'], target(SENSORS, { 'settings.old': 1 }))).toBe('fine');
  expect(await check({}, { 'settings.x': 1 }, [], target(undefined))).toBe('fine');
});
