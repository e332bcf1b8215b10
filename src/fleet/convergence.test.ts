import { expect, test } from 'vitest';
import type { DesiredState, Scope } from '../protocol/desired-config.js';
import { convergenceOf } from './convergence.js';
import { type KnownJobs, MAX_PENDING, type SensorState, type SensorView } from './fleet-view.js';

const NOW = 1_750_000_000_000;
const desired: DesiredState = { version: 7, fleet: { version: 7, color: '#00ff88' }, regions: {}, hosts: {} };

/** A sensor that does what is desired, or (`version` 0) has not heard of it. */
const sensor = (
  state: SensorState,
  job_id: string,
  hostname: string,
  { version = 0, submission = 1 } = {},
): SensorView => ({
  ...{ state, job_id, hostname, execution_id: `e-${hostname}`, region: 'eu', sequence: 1, icon_name: '🚀' },
  ...{
    received: 1,
    duplicates: 0,
    late: 0,
    restarts: 0,
    gaps: 0,
    dropped: 0,
    waiting: 0,
    unaccounted: 0,
    first_seen: 1,
    last_seen: 1,
  },
  color: version === 0 ? '#000000' : '#00ff88',
  job_submission_time: submission,
  config: {
    ...{ version, file: 'none', intervalMs: 1000, paused: state === 'paused' },
    sources: { color: 'fleet', emoji: 'flag', random_off: 'flag', interval: 'flag', paused: 'flag' },
  },
});

const whoIsPending = (sensors: ReturnType<typeof sensor>[], jobs?: KnownJobs) =>
  convergenceOf(sensors, { desired, scope: {}, jobs }, NOW).pending.map(({ hostname }) => hostname);

test('a sensor converges by its version and by what its readings show', () => {
  const fleet = [sensor('live', 'j', 'a', { version: 7 }), sensor('live', 'j', 'b'), sensor('replaced', 'j', 'c')];
  expect(convergenceOf(fleet, { desired, scope: {} }, NOW)).toEqual({
    ...{ sensors: 2, converged: 1, gone: 0, newest: 7 },
    pending: [{ hostname: 'b', region: 'eu', state: 'live' }],
  });
  expect(convergenceOf(fleet, { desired, scope: { region: 'us' } }, NOW)).toMatchObject({ sensors: 0, newest: 7 });
});

test('of an ended job nothing is waited for, of an unknown one what sends', () => {
  const fleet = (['live', 'silent', 'paused', 'gone'] as const).map((state) => sensor(state, 'stopped', state));
  expect(whoIsPending(fleet, { deployed: ['another'], ended: [] })).toEqual(['live']);
  expect(whoIsPending(fleet, { deployed: ['another'], ended: ['stopped'] })).toEqual([]);
  expect(whoIsPending(fleet)).toEqual(['live', 'silent', 'paused']);
  expect(convergenceOf(fleet, { desired, scope: {} }, NOW).gone).toBe(1);
});

test('of a deployed job what has been gone for long is waited for, unless something newer has followed it', () => {
  const cut = sensor('gone', 'j', 'cut', { submission: 2 });
  const old = sensor('gone', 'j', 'old', { submission: 1 });
  const nameless = sensor('gone', 'j', 'e-x', { submission: 2 });
  nameless.execution_id = 'e-x';
  expect(whoIsPending([cut, old, nameless], { deployed: ['j'], ended: [] })).toEqual(['cut']);
  const byHand = sensor('gone', 'j', 'by hand', { submission: 0 });
  expect(whoIsPending([byHand], { deployed: ['j'], ended: [] })).toEqual(['by hand']);
});

test('a sensor that happens to show the values has not converged before it reports their version', () => {
  // The colour is that of an older version, which something else had set.
  const versions = [0, 6, 7, 8].map((version, i) => ({ ...sensor('live', 'j', `h${i}`, { version: 7 }), version }));
  const fleet = versions.map(({ version, ...one }) => ({ ...one, config: { ...one.config!, version } }));
  expect(whoIsPending(fleet)).toEqual(['h0', 'h1']);
  expect(convergenceOf(fleet, { desired, scope: {} }, NOW).converged).toBe(2);
});

test('who reports no configuration is not counted, whether it sends or is gone: it can follow none', () => {
  const mute = (state: SensorState) => ({ ...sensor(state, 'j', 'mute', { version: 7 }), config: undefined });
  const fleet = [mute('live'), mute('silent'), mute('gone'), sensor('live', 'j', 'a', { version: 7 })];
  for (const jobs of [undefined, { deployed: ['j'], ended: [] }]) {
    expect(convergenceOf(fleet, { desired, scope: {}, jobs, fields: ['color'] }, NOW)).toEqual({
      ...{ sensors: 1, converged: 1, pending: [], gone: 0, newest: 7 },
      change: { following: 1, converged: 1, hidden: [] },
    });
  }
});

test('a version that no proxy can have given out is not taken for the newest', () => {
  const now = NOW;
  const reporting = (version: number) => sensor('live', 'j', `v${version}`, { version });
  const fleet = [now - 5, now + 86_400_001, 8e14].map(reporting);
  expect(convergenceOf(fleet, { desired, scope: {} }, now).newest).toBe(now - 5);
  expect(convergenceOf(fleet, { desired, scope: {} }, now + 1).newest).toBe(now + 86_400_001);
});

test('the newest version is looked for in the whole fleet, what is gone only in the scope', () => {
  const us = { ...sensor('live', 'j', 'us-1', { version: 9 }) };
  us.region = 'us';
  const gone = { ...sensor('gone', 'j', 'us-2', { version: 12 }) };
  gone.region = 'us';
  const fleet = [us, gone, sensor('live', 'j', 'eu-1', { version: 7 }), sensor('gone', 'j', 'eu-2')];
  expect(convergenceOf(fleet, { desired, scope: { region: 'eu' } }, NOW)).toMatchObject({
    newest: 9,
    sensors: 1,
    gone: 1,
  });
  expect(convergenceOf(fleet, { desired, scope: {} }, NOW)).toMatchObject({ newest: 9, sensors: 2, gone: 2 });
});

test('a sensor that is gone follows no change', () => {
  const fleet = [sensor('gone', 'j', 'a', { version: 7 }), sensor('live', 'j', 'b', { version: 7 })];
  const { change } = convergenceOf(fleet, { desired, scope: {}, fields: ['color'] }, NOW);
  expect(change).toMatchObject({ following: 1, converged: 1 });
});

test('of very many that are not there yet some are named, and all are counted', () => {
  const fleet = Array.from({ length: MAX_PENDING + 2 }, (_, i) => sensor('live', 'j', `h${i}`));
  const { sensors, converged, pending } = convergenceOf(fleet, { desired, scope: {} }, NOW);
  expect([sensors, converged, pending.length]).toEqual([MAX_PENDING + 2, 0, MAX_PENDING]);
  expect(whoIsPending(fleet.slice(0, MAX_PENDING))).toHaveLength(MAX_PENDING);
});

test('of a change, sensors for which a narrower scope decides do not follow, and count under the narrowest one', () => {
  const scopes: DesiredState = {
    ...{ version: 7, fleet: { version: 7, color: '#00ff88' } },
    regions: { eu: { version: 7, color: '#00ff88' } },
    hosts: { b: { version: 7, color: '#00ff88' }, c: { version: 7, interval: 1 } },
  };
  const fleet = ['a', 'b', 'c'].map((host) => sensor('live', 'j', host, { version: 7 }));
  const us = sensor('live', 'j', 'd', { version: 7 });
  us.region = 'us';
  const change = (scope: Scope, fields: ('color' | 'interval')[]) =>
    convergenceOf([...fleet, us], { desired: scopes, scope, fields }, NOW).change;
  expect(change({}, ['color'])).toEqual({
    ...{ following: 1, converged: 1 },
    hidden: [
      { scope: { region: 'eu' }, fields: ['color'], sensors: 2 },
      { scope: { hostname: 'b' }, fields: ['color'], sensors: 1 },
    ],
  });
  scopes.regions.us = { version: 7, color: '#00ff88' };
  us.region = 'us';
  expect(change({}, ['color'])?.hidden.map(({ scope }) => scope)).toEqual([
    { region: 'us' },
    { region: 'eu' },
    { hostname: 'b' },
  ]);
  expect(change({ region: 'eu' }, ['color'])).toMatchObject({ following: 2, hidden: [{ scope: { hostname: 'b' } }] });
  expect(change({ hostname: 'b' }, ['color'])).toMatchObject({ following: 1, hidden: [] });
  expect(change({}, ['interval'])).toMatchObject({ following: 3, hidden: [{ fields: ['interval'], sensors: 1 }] });
  expect(convergenceOf(fleet, { desired: scopes, scope: {} }, NOW)).not.toHaveProperty('change');
});

test('the fields that a narrower scope decides come in the order of the change, whoever shows them first', () => {
  const scopes: DesiredState = {
    ...{ version: 7, fleet: { version: 7 } },
    regions: { eu: { version: 7, color: '#00ff88', interval: 1 } },
    hosts: { b: { version: 7, color: '#00ff88' } },
  };
  const fleet = ['b', 'a'].map((host) => sensor('live', 'j', host, { version: 7 }));
  const { change } = convergenceOf(fleet, { desired: scopes, scope: {}, fields: ['color', 'interval'] }, NOW);
  expect(change?.hidden).toContainEqual({ scope: { region: 'eu' }, fields: ['color', 'interval'], sensors: 2 });
});
