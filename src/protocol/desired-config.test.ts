import { expect, test } from 'vitest';
import {
  configOf,
  type DesiredState,
  decidingScopes,
  desiredStateSchema,
  effectiveConfig,
  inScope,
  nothingDesired,
  patchSchema,
  scopeText,
  shows,
} from './desired-config.js';
import {
  findField,
  MAX_VERSION,
  parseReportedConfig,
  type ReportedConfig,
  sensorConfigSchema,
} from './sensor-config.js';

const state: DesiredState = {
  version: 30,
  fleet: { version: 10, color: '#111111', interval: 5, paused: false },
  regions: { eu: { version: 30, color: '#222222', emoji: 2 } },
  hosts: { 'edge-eu-1': { version: 20, emoji: -1 } },
};

// Each field from the narrowest scope that has it; the version is the newest of all that apply.
test.each([
  ['eu', 'edge-eu-1', { version: 30, color: '#222222', emoji: -1, interval: 5, paused: false }],
  ['eu', 'edge-eu-2', { version: 30, color: '#222222', emoji: 2, interval: 5, paused: false }],
  ['us', 'edge-us-1', { version: 10, color: '#111111', interval: 5, paused: false }],
  ['us', 'edge-eu-1', { version: 20, color: '#111111', emoji: -1, interval: 5, paused: false }],
])('what a sensor in %s on %s should do', (region, hostname, config) => {
  expect(effectiveConfig(state, region, hostname)).toEqual(config);
});

test.each([
  [{}, 'fleet', state.fleet, [true, true, true]],
  [{ region: 'eu' }, 'region eu', state.regions.eu, [true, true, false]],
  [{ hostname: 'edge-eu-1' }, 'host edge-eu-1', state.hosts['edge-eu-1'], [true, false, false]],
  [{ region: 'as' }, 'region as', undefined, [false, false, false]],
])('the scope %j', (scope, text, config, members) => {
  expect([scopeText(scope), configOf(state, scope)]).toEqual([text, config]);
  const sensors = [
    { region: 'eu', hostname: 'edge-eu-1' },
    { region: 'eu', hostname: 'edge-eu-2' },
    { region: 'us', hostname: 'edge-us-1' },
  ];
  expect(sensors.map((sensor) => inScope(scope, sensor))).toEqual(members);
});

const reported = (over: Partial<ReportedConfig> = {}): ReportedConfig => ({
  version: 1,
  sources: { color: 'fleet', emoji: 'fleet', random_off: 'fleet', interval: 'fleet', paused: 'fleet' },
  file: 'none',
  intervalMs: 500,
  paused: false,
  ...over,
});
const seen = { color: '#00FF88', icon_name: '👽', config: reported() };
test.each([
  [{}, true],
  [{ color: '#00ff88', interval: 0.5, paused: false }, true],
  [{ color: '#00ff89' }, false],
  [{ color: 'random' }, true],
  [{ interval: 0.501 }, false],
  [{ interval: 0.5004 }, true],
  [{ paused: true }, false],
  [{ emoji: 3, random_off: true }, true],
  [{ emoji: 4 }, false],
  [{ emoji: 0 }, false],
  [{ emoji: -1 }, true],
])('a reading shows %j: %s', (desired, is) => {
  expect(shows(desired, seen)).toBe(is);
});

test('what a sensor does for another reason, or does not report, is not shown', () => {
  const byFlag = reported({ sources: { ...reported().sources, random_off: 'flag' } });
  expect(shows({ random_off: true }, { ...seen, config: byFlag })).toBe(false);
  expect(shows({ random_off: true }, { ...seen, config: byFlag }, 'flag')).toBe(true);
  expect(shows({ color: '#00ff88' }, { ...seen, config: undefined })).toBe(false);
  expect(shows({}, { ...seen, config: undefined })).toBe(true);
});

test('a state that a proxy of before wrote is read without the times of its changes', () => {
  const before = {
    version: 30,
    fleet: { version: 30, color: '#111111', changed: { color: 30, emoji: 10 } },
    regions: { eu: { version: 20, emoji: '2', changed: {} } },
    hosts: { h: { version: 7, paused: true } },
  };
  expect(desiredStateSchema.parse(before)).toEqual({
    version: 30,
    fleet: { version: 30, color: '#111111' },
    regions: { eu: { version: 20, emoji: 2 } },
    hosts: { h: { version: 7, paused: true } },
  });
});

test.each([
  ['a scope without a version', { fleet: {} }],
  ['an unknown field', { fleet: { version: 1, colour: '#000000' } }],
  ['a version above all', { version: MAX_VERSION + 1 }],
  ['a version below 0', { version: -1 }],
  ['a broken version', { version: 1.5 }],
  ['a region without a name', { regions: { '': { version: 1 } } }],
  ['a host of a name too long', { hosts: { ['x'.repeat(201)]: { version: 1 } } }],
])('%s is no state', (_, over) => {
  expect(desiredStateSchema.safeParse({ ...nothingDesired(), ...over }).success).toBe(false);
});

test('a state has what was lost, and which proxy it follows', () => {
  const state = { ...nothingDesired(), version: MAX_VERSION, lost: 5, follows: 'http://a' };
  expect(desiredStateSchema.parse({ ...state, more: 1 })).toEqual(state);
});

test('names of scopes are anything but what objects have by themselves', () => {
  expect(configOf(state, { region: 'constructor' })).toBeUndefined();
  expect(effectiveConfig(state, 'toString', 'constructor')).toEqual(effectiveConfig(state, '', ''));
  expect(patchSchema.safeParse({ scope: { region: '__proto__' } }).success).toBe(false);
});

// As commands, files and the seed write values, and what they become.
test.each([
  [{ color: '#AbCdEf' }, { color: '#abcdef' }],
  [{ color: '-1' }, { color: 'random' }],
  [
    { color: -1, emoji: -1 },
    { color: 'random', emoji: -1 },
  ],
  [{ emoji: 'random' }, { emoji: -1 }],
  [{ emoji: '15' }, { emoji: 15 }],
  [
    { random_off: 'on', paused: 'no' },
    { random_off: true, paused: false },
  ],
  [
    { color: 'Random', emoji: 'RANDOM', random_off: 'YES' },
    { color: 'random', emoji: -1, random_off: true },
  ],
  [
    { random_off: 1, paused: 0 },
    { random_off: true, paused: false },
  ],
  [{ interval: '0.05' }, { interval: 0.05 }],
  [{ interval: '0.6667' }, { interval: 0.667 }],
  [{ interval: '.5' }, { interval: 0.5 }],
  [{ interval: 0.5005 }, { interval: 0.501 }],
  [{ interval: 0.1 + 0.2 }, { interval: 0.3 }],
  [{}, {}],
])('%j is understood as %j', (given, config) => {
  expect(sensorConfigSchema.parse(given)).toEqual(config);
});

test.each([
  { color: '#fff' },
  { color: 5 },
  { color: null },
  { emoji: '' },
  { emoji: ' 3' },
  { emoji: null },
  { emoji: true },
  { emoji: [] },
  { interval: '' },
  { interval: '.' },
  { interval: '-.5' },
  { interval: '1e2' },
  { interval: '0x10' },
  { interval: null },
  { interval: true },
  { interval: [5] },
  { emoji: 1.5 },
  { emoji: -2 },
  { interval: 'soon' },
  { interval: 0.04 },
  { interval: Number.POSITIVE_INFINITY },
  { paused: 2 },
  { paused: null },
  { paused: '' },
  { speed: 1 },
])('%j is not accepted', (given) => {
  expect(sensorConfigSchema.safeParse(given).success).toBe(false);
});

test('a change without scope is for the fleet, and sets nothing by itself', () => {
  expect(patchSchema.parse({})).toEqual({ scope: {}, set: {}, unset: [], replace: false });
});

test('what a sensor reports is read, and anything else is not', () => {
  expect(parseReportedConfig('v=1750000000000;src=dafnd;file=bad;interval=50;paused=1')).toEqual({
    version: 1_750_000_000_000,
    sources: { color: 'default', emoji: 'flag', random_off: 'file', interval: 'fleet', paused: 'default' },
    file: 'bad',
    intervalMs: 50,
    paused: true,
  });
  for (const header of [
    undefined,
    '',
    'v=1',
    'v=-1;src=ddddd;file=none;interval=1;paused=0',
    'v=1;src=dddd;file=none;interval=1;paused=0',
    'v=1;src=ddddx;file=none;interval=1;paused=0',
    'v=1;src=ddddd;file=none;interval=1;paused=0;more=1',
  ]) {
    expect(parseReportedConfig(header)).toBeUndefined();
  }
});

test('each scope that decides some of the fields, whatever their values are, is named with them', () => {
  const fields = ['color', 'emoji', 'random_off'] as const;
  const deciding = (regions: string[], hosts: string[], of = state) =>
    decidingScopes(of, { regions, hosts }, [...fields]);
  expect(deciding(['us', 'eu'], ['edge-eu-1', 'edge-eu-2', 'toString'])).toEqual([
    { scope: {}, fields: ['color'] },
    { scope: { region: 'eu' }, fields: ['color', 'emoji'] },
    { scope: { hostname: 'edge-eu-1' }, fields: ['emoji'] },
  ]);
  expect(deciding([], [], { ...state, fleet: { version: 1, emoji: 0, random_off: false } })).toEqual([
    { scope: {}, fields: ['emoji', 'random_off'] },
  ]);
  expect(deciding([], [], { ...state, fleet: { version: 1 } })).toEqual([]);
});

test('a name of a scope has a length', () => {
  const isScope = (region: string) => patchSchema.safeParse({ scope: { region } }).success;
  expect([1, 200, 201, 0].map((length) => isScope('x'.repeat(length)))).toEqual([true, true, false, false]);
});

test('a change is for one scope', () => {
  expect(patchSchema.safeParse({ scope: { region: 'eu', hostname: 'h' } }).success).toBe(false);
});

test.each([
  ['color', 'color'],
  ['Colour', 'color'],
  ['random-off', 'random_off'],
  ['randomOff', 'random_off'],
  ['RANDOM_OFF', 'random_off'],
  ['r_a-n-d_o_m_off', 'random_off'],
  ['interval', 'interval'],
  ['intervals', undefined],
  ['', undefined],
])('the field named %j is %s', (name, field) => {
  expect(findField(name)).toBe(field);
});
