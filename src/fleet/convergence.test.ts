import { expect, test } from 'vitest';
import type { DesiredState } from '../protocol/desired-config.js';
import { convergenceOf } from './convergence.js';
import type { KnownJobs, SensorState } from './fleet-view.js';

const desired: DesiredState = { version: 7, fleet: { version: 7, color: '#00ff88' }, regions: {}, hosts: {} };

/** A sensor that does what is desired, or (`version` 0) has not heard of it. */
const sensor = (state: SensorState, job_id: string, hostname: string, { version = 0, submission = 1 } = {}) => ({
  state,
  reading: {
    ...{ job_id, hostname, execution_id: `e-${hostname}`, region: 'eu', sequence: 1, icon_name: '🚀', timestamp: '' },
    color: version === 0 ? '#000000' : '#00ff88',
    job_submission_time: submission,
  },
  config: {
    ...{ version, file: 'none' as const, intervalMs: 1000, paused: state === 'paused' },
    sources: { color: 'fleet', emoji: 'flag', random_off: 'flag', interval: 'flag', paused: 'flag' } as const,
  },
});

const whoIsPending = (sensors: ReturnType<typeof sensor>[], jobs?: KnownJobs) =>
  convergenceOf(sensors, desired, {}, jobs).pending.map(({ hostname }) => hostname);

test('a sensor converges by its version and by what its readings show', () => {
  const fleet = [sensor('live', 'j', 'a', { version: 7 }), sensor('live', 'j', 'b'), sensor('replaced', 'j', 'c')];
  expect(convergenceOf(fleet, desired, {}, undefined)).toEqual({
    ...{ sensors: 2, converged: 1, gone: 0, newest: 7 },
    pending: [{ hostname: 'b', region: 'eu', state: 'live' }],
  });
  expect(convergenceOf(fleet, desired, { region: 'us' }, undefined)).toMatchObject({ sensors: 0, newest: 7 });
});

test('of an ended job nothing is waited for, of an unknown one what sends', () => {
  const fleet = (['live', 'silent', 'paused', 'gone'] as const).map((state) => sensor(state, 'stopped', state));
  expect(whoIsPending(fleet, { deployed: ['another'], ended: [] })).toEqual(['live']);
  expect(whoIsPending(fleet, { deployed: ['another'], ended: ['stopped'] })).toEqual([]);
  expect(whoIsPending(fleet)).toEqual(['live', 'silent', 'paused']);
  expect(convergenceOf(fleet, desired, {}, undefined).gone).toBe(1);
});

test('of a deployed job what has been gone for long is waited for, unless something newer has followed it', () => {
  const cut = sensor('gone', 'j', 'cut', { submission: 2 });
  const old = sensor('gone', 'j', 'old', { submission: 1 });
  const nameless = sensor('gone', 'j', 'e-x', { submission: 2 });
  nameless.reading.execution_id = 'e-x';
  expect(whoIsPending([cut, old, nameless], { deployed: ['j'], ended: [] })).toEqual(['cut']);
});
