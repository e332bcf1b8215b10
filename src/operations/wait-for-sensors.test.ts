import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Convergence, KnownJobs, SensorState, SensorView } from '../fleet/fleet-view.js';
import type { AppError } from '../lib/errors/app-error.js';
import type { DesiredState } from '../protocol/desired-config.js';
import { nothingDesired, type Scope } from '../protocol/desired-config.js';
import type { FleetClient } from '../puller/fleet-client.js';
import { type ConvergeOptions, waitForConvergence, waitForFileConfig } from './wait-for-sensors.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const deployed: KnownJobs = { deployed: ['j'], ended: [] };
const desired: DesiredState = { ...nothingDesired(), version: 7 };
const progress = (converged: number, sensors: number, over: Partial<Convergence> = {}): Convergence => ({
  ...{ sensors, converged, pending: [], gone: 0, newest: 0, ...over },
});

/** Looks of the fleet, one after the other; the last one stays. */
function waitOver(looks: Convergence[], options: Partial<ConvergeOptions> = {}, scope: Scope = {}) {
  const calls: { at: number; state: DesiredState; scope: Scope; jobs: KnownJobs | undefined }[] = [];
  const began = Date.now();
  const fleet = {
    convergence: async (state: DesiredState, asked: Scope, { jobs }: { jobs?: KnownJobs } = {}) => {
      calls.push({ at: Date.now() - began, state, scope: asked, jobs });
      return looks[Math.min(calls.length, looks.length) - 1]!;
    },
  } as unknown as FleetClient;
  const seen: Convergence[] = [];
  const outcome = waitForConvergence(fleet, desired, scope, {
    ...{ timeoutMs: 10_000, onProgress: (now: Convergence) => seen.push(now) },
    ...options,
  }).then(
    (result) => ({ result, at: Date.now() - began }),
    (error: unknown) => ({ error, at: Date.now() - began }),
  );
  return {
    calls,
    seen,
    ended: async () => {
      await vi.advanceTimersByTimeAsync(60_000);
      return outcome;
    },
  };
}

test('it looks until all sensors have converged, and reports every step', async () => {
  const looks = [progress(0, 2), progress(1, 2), progress(2, 2)];
  const { calls, seen, ended } = waitOver(looks, {}, { region: 'eu' });
  expect(await ended()).toEqual({ result: looks[2], at: 100 });
  expect(seen).toEqual(looks);
  expect(calls.map(({ at }) => at)).toEqual([0, 50, 100]);
  expect(calls[0]).toMatchObject({ state: desired, scope: { region: 'eu' } });
});

test('a large fleet is looked at less often', async () => {
  expect((await waitOver([progress(0, 1000), progress(1000, 1000)]).ended()).at).toBe(50);
  expect((await waitOver([progress(0, 1001), progress(1001, 1001)]).ended()).at).toBe(150);
});

test('after the timeout the pending sensors are named, and the rest is counted', async () => {
  const pending = (['live', 'silent', 'gone', 'paused'] as const).map((state) => ({
    ...{ hostname: `h-${state}`, region: 'eu', state },
  }));
  const { ended } = waitOver([progress(1, 8, { pending })], { timeoutMs: 1500 }, { hostname: 'h' });
  expect(await ended()).toEqual({
    at: 1550,
    error: expect.objectContaining({
      ...{ code: 'NOT_CONVERGED', fault: 'system', exitCode: 1 },
      message: 'host h: 1/8 sensors converged in 1.5 s',
      details: [
        'pending: h-live (eu), live',
        'pending: h-silent (eu), silent: cut off?',
        'pending: h-gone (eu), gone: cut off?',
        'pending: h-paused (eu), paused',
        'and 3 more',
      ],
      hint: expect.stringContaining('The change is saved'),
    }),
  });
  const all = waitOver([progress(1, 2, { pending: pending.slice(0, 1) })], { timeoutMs: 0 });
  expect(await all.ended()).toMatchObject({ error: { details: ['pending: h-live (eu), live'] } });
});

test('the jobs are listed once, and only when it takes long', async () => {
  const jobs = vi.fn(async () => deployed);
  const { calls, ended } = waitOver([...Array(32).fill(progress(0, 1)), progress(0, 1), progress(1, 1)], { jobs });
  expect(await ended()).toMatchObject({ result: progress(1, 1) });
  expect(jobs).toHaveBeenCalledTimes(1);
  const without = calls.filter(({ jobs: known }) => known === undefined);
  expect([without.at(-1)!.at, without.length]).toEqual([1550, 32]);
  // Looked at again with them at once.
  expect(calls[without.length]).toMatchObject({ at: 1550, jobs: deployed });
});

test('they are listed at once for sensors that are gone; those count only when their jobs are deployed', async () => {
  const jobs = vi.fn(async () => deployed);
  const gone = progress(1, 1, { gone: 1 });
  const { calls, ended } = waitOver([gone, progress(1, 2), progress(2, 2)], { jobs });
  expect(await ended()).toMatchObject({ result: progress(2, 2), at: 50 });
  expect(calls.map((call) => call.jobs)).toEqual([undefined, deployed, deployed]);
  // Where nobody knows the jobs, or can't tell, what is gone is not waited for.
  expect(await waitOver([gone]).ended()).toEqual({ result: gone, at: 0 });
  const broken = vi.fn(() => Promise.reject(new Error('no network')));
  expect(await waitOver([gone], { jobs: broken }).ended()).toEqual({ result: gone, at: 0 });
  expect(broken).toHaveBeenCalledTimes(1);
});

test('a converged fleet needs no list of jobs', async () => {
  const jobs = vi.fn(async () => deployed);
  expect(await waitOver([progress(2, 2)], { jobs }).ended()).toEqual({ result: progress(2, 2), at: 0 });
  expect(jobs).not.toHaveBeenCalled();
});

test('what is desired is read again every second, for somebody else may change it', async () => {
  const states = [8, 9].map((version) => ({ ...desired, version }));
  const latest = vi.fn<() => Promise<DesiredState>>();
  latest.mockResolvedValueOnce(states[0]!).mockRejectedValueOnce(new Error('away')).mockResolvedValue(states[1]!);
  const { calls, ended } = waitOver([progress(0, 1)], { latest, timeoutMs: 3600 });
  await ended();
  const versions = new Map(calls.map(({ at, state }) => [at, state.version]));
  expect([1000, 1050, 2100, 3100, 3150].map((at) => versions.get(at))).toEqual([7, 8, 8, 8, 9]);
  expect(latest).toHaveBeenCalledTimes(3);
});

/** A sensor that shows the colour of its file. */
const sensor = (hostname: string, state: SensorState, color: string): SensorView => ({
  ...{ execution_id: `e-${hostname}`, job_id: 'j', job_submission_time: 1, hostname, region: 'eu', state, color },
  ...{
    icon_name: '🚀',
    sequence: 1,
    received: 1,
    duplicates: 0,
    late: 0,
    restarts: 0,
    gaps: 0,
    dropped: 0,
    waiting: 0,
    unaccounted: 0,
  },
  ...{ first_seen: 0, last_seen: 0 },
  config: {
    ...{ version: 0, file: 'ok', intervalMs: 1000, paused: false },
    sources: { color: 'file', emoji: 'flag', random_off: 'flag', interval: 'flag', paused: 'default' },
  },
});

/** Waits for `#00aa00` in eu. */
async function readFile(sensors: SensorView[], known: KnownJobs, timeoutMs = 0) {
  const fleet = { snapshot: async () => ({ sensors, summary: {} }) } as unknown as FleetClient;
  const options = { timeoutMs, jobs: async () => known, onProgress: () => {} };
  const result = waitForFileConfig(fleet, 'eu', { color: '#00aa00' }, options).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(60_000);
  return result;
}

test('a deployed sensor that is cut off is pending, however long it has been gone', async () => {
  for (const state of ['silent', 'gone'] as const) {
    const sensors = [sensor('edge-eu-1', 'live', '#00aa00'), sensor('edge-eu-2', state, '#000000')];
    expect(await readFile(sensors, deployed)).toMatchObject({
      ...{ code: 'NOT_CONVERGED', exitCode: 1, message: 'region eu: 1/2 sensors have read the file in 0 s' },
      details: [`pending: edge-eu-2 (eu), ${state}: cut off?`],
      hint: expect.stringContaining('The file is saved'),
    });
  }
});

test('a silent sensor of no deployed job is waited for only until the jobs are known', async () => {
  const sensors = [sensor('edge-eu-1', 'live', '#00aa00'), sensor('edge-eu-2', 'silent', '#000000')];
  const others = { deployed: ['k'], ended: [] };
  expect(await readFile(sensors, others, 5000)).toMatchObject({ sensors: 1, converged: 1, pending: [] });
});

test('where nothing was ever deployed there is nothing to wait for', async () => {
  const elsewhere = { ...sensor('edge-us-1', 'live', '#000000'), region: 'us' };
  expect(await readFile([elsewhere], deployed)).toMatchObject({ sensors: 0, converged: 0, pending: [] });
});

test('what is not known of a part of the fleet has not converged, whatever the rest shows', async () => {
  const missing = [{ shards: [1, 3], why: 'it does not answer' }];
  const partial = progress(2, 2, { missing });
  expect(await waitOver([partial, partial, progress(3, 3)]).ended()).toMatchObject({ at: 100 });
  const { error } = (await waitOver([partial]).ended()) as { error: AppError };
  expect(error).toMatchObject({
    code: 'NOT_CONVERGED',
    details: ['not counted: sensors of shards 1, 3: it does not answer'],
  });
});
