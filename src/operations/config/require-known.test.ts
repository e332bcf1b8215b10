import { expect, test } from 'vitest';
import type { Scope } from '../../protocol/desired-config.js';
import { parseReportedConfig } from '../../protocol/sensor-config.js';
import { edgeNode } from '../../test/support/fake-network.js';
import type { ConfigTarget } from './config-target.js';
import { isUnknownHost, requireKnown } from './require-known.js';

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

const placed = (over: Partial<ConfigTarget> = {}) =>
  ({
    proxies: [
      { state: async () => ({ fleet: {}, regions: { old: { version: 1 } }, hosts: { gone: { version: 1 } } }) },
    ],
    fleet: {
      summary: async () => ({ regions: [{ region: 'us' }, { region: 'eu' }] }),
      snapshot: async () => ({ sensors: SENSORS }),
    },
    nodes: async () => [edgeNode('edge-asia-1', { region: 'asia' }), edgeNode('web-x-1', { type: 'web-services' })],
    ...over,
  }) as unknown as ConfigTarget;
const silent = { summary: () => Promise.reject(new Error('gone')), snapshot: () => Promise.reject(new Error('gone')) };

test.each<[Scope, string]>([
  [{ region: 'us' }, 'fine'],
  [{ hostname: 'edge-us-1' }, 'fine'],
  // Nothing of it sends, but it is there.
  [{ region: 'asia' }, 'fine'],
  [{ hostname: 'edge-asia-1' }, 'fine'],
  [
    { region: 'edge-us-1' },
    'NO_SUCH_REGION | there is no region "edge-us-1" | The regions are asia, eu, us. Add --ahead to set it before there is such a region.',
  ],
  [
    { hostname: 'us' },
    'NO_SUCH_HOST | there is no host "us" | The hosts are edge-as-1, edge-asia-1, edge-eu-1, edge-us-1. Add --ahead to set it before there is such a host.',
  ],
  [{ region: 'x' }, expect.stringMatching('NO_SUCH_REGION')],
  [{ hostname: 'web-x-1' }, expect.stringMatching('NO_SUCH_HOST')],
  // What was set there does not make it known.
  [{ region: 'old' }, expect.stringMatching('NO_SUCH_REGION')],
])('a value for %j: %s', async (scope, answer) => {
  expect(await check(scope, { emoji: 1 }, [], placed())).toEqual(answer);
  expect(await check(scope, { emoji: 1 }, [], placed({ fleet: silent as never }))).toBe('fine');
});

test('what was set for a region or host that is gone can be cleared', async () => {
  expect(await check({ region: 'old' }, {}, ['emoji'], placed())).toBe('fine');
  expect(await check({ hostname: 'gone' }, {}, ['emoji'], placed())).toBe('fine');
  expect(await check({ region: 'other' }, {}, ['emoji'], placed())).toMatch('NO_SUCH_REGION');
  // Nobody tells.
  expect(await check({ region: 'other' }, {}, ['emoji'], placed({ proxies: [] }))).toBe('fine');
});

test('of many names some are listed', async () => {
  const nodes = async () => Array.from({ length: 9 }, (_, n) => edgeNode(`edge-r${n}-1`));
  expect(await check({ region: 'x' }, { emoji: 1 }, [], placed({ nodes }))).toMatch(/eu, r0, .*r8 and 1 more\. Add/);
  const fleet = { summary: async () => ({ regions: [] }) } as never;
  expect(await check({ region: 'x' }, { emoji: 1 }, [], placed({ fleet, nodes: async () => [] }))).toMatch(
    'The regions are not known yet. Add',
  );
});

test.each([
  ['edge-us-1', false],
  ['EDGE-US-1 ', false],
  ['edge-asia-1', false],
  ['web-x-1', true],
  ['us', true],
])('the host %j is unknown: %s', async (host, is) => {
  expect(await isUnknownHost(placed(), host)).toBe(is);
  expect(await isUnknownHost(placed({ fleet: silent as never }), host)).toBe(false);
});
