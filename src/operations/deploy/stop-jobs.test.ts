import { beforeEach, expect, test, vi } from 'vitest';
import type { JobRef } from '../../jobs/job-request.js';
import type { JobInfo, Network } from '../../network/network.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { edgeNode } from '../../test/support/fake-network.js';
import { keptIn } from '../kept-readings.js';
import { keptByJobs, stopModule, stopPublisher } from './stop-jobs.js';

const TOKEN = 'operator';
let running: JobInfo[];
let stopped: JobRef[];
let annotated: string[][];
/** Readings that each sensor keeps. */
let waiting: number;
let queued: number;
let onStats: () => void;
/** Readings by job. */
let sending: Map<string, number>;

const job = (ref: JobRef, id = `j-${ref.role}-${ref.region}`): JobInfo => ({
  ...{ id, name: id, ref, version: 1, state: 'running', message: '', executions: [] },
});

const network = {
  jobs: async () => running,
  nodes: async () => [edgeNode('edge-eu-1')],
  stop: async (ref: JobRef) => {
    stopped.push(ref);
    return true;
  },
} as unknown as Network;

const fleet = {
  snapshot: async () => ({
    sensors: [...sending].map(([job_id, received]) => ({
      ...{ job_id, region: 'eu', state: 'live', received, waiting, config: { intervalMs: 50 } },
    })),
    summary: { relays: [] },
  }),
  stats: async () => {
    onStats();
    return { depth: { visible: queued, inFlight: 0, delayed: 0 } };
  },
  annotate: async ({ endedJobs }: { endedJobs: string[] }, token: string) => {
    expect(token).toBe(TOKEN);
    annotated.push(endedJobs);
  },
} as unknown as FleetClient;

beforeEach(() => {
  vi.useFakeTimers();
  running = [];
  stopped = [];
  annotated = [];
  sending = new Map();
  waiting = 0;
  queued = 0;
  onStats = () => {};
  return () => vi.useRealTimers();
});

async function stop(regions?: string[]) {
  const result = stopPublisher({ network, fleet, token: TOKEN }, { regions });
  await vi.advanceTimersByTimeAsync(5_000);
  return result;
}

test('nothing is stopped where no publisher runs', async () => {
  running = [job({ role: 'proxy' }), job({ role: 'config-updater', region: 'eu' })];
  expect(await stop()).toEqual({ stopped: [], quietSeconds: 0, givenUp: 0 });
  expect([stopped, annotated]).toEqual([[], []]);
});

test('a region that neither a node nor a publisher has is refused, and nothing is stopped', async () => {
  running = [job({ role: 'publisher', region: 'eu' })];
  const target = { network, fleet, token: TOKEN };
  await expect(stopPublisher(target, { regions: ['mars'] })).rejects.toMatchObject({
    code: 'NO_SUCH_REGION',
    exitCode: 2,
  });
  expect(stopped).toEqual([]);
});

test('of the wanted region only, and the fleet view hears of its jobs before, at once, and at the end', async () => {
  running = [job({ role: 'publisher', region: 'eu' }), job({ role: 'publisher', region: 'us' })];
  expect(await stop(['eu'])).toEqual({ stopped: ['eu'], quietSeconds: 1, givenUp: 0 });
  expect(stopped).toEqual([{ role: 'publisher', region: 'eu' }]);
  expect(annotated).toEqual([['j-publisher-eu'], ['j-publisher-eu'], ['j-publisher-eu']]);
});

test('what the sensors of the region keep is given up, and said', async () => {
  running = [job({ role: 'publisher', region: 'eu' }), job({ role: 'publisher', region: 'us' })];
  sending = new Map([
    ['j-publisher-eu', 5],
    ['j-publisher-us', 5],
  ]);
  waiting = 25;
  expect(await stop(['eu'])).toMatchObject({ stopped: ['eu'], givenUp: 25 });
});

test('a region that is called eu-once is not stopped with eu', async () => {
  running = [job({ role: 'publisher', region: 'eu-once' }), job({ role: 'publisher', region: 'eu', runOnce: true })];
  expect((await stop(['eu'])).stopped).toEqual(['eu']);
  expect(stopped).toEqual([{ role: 'publisher', region: 'eu', runOnce: true }]);
});

test('it waits until the sensors of the stopped job send no more, and not for others in the region', async () => {
  running = [job({ role: 'publisher', region: 'eu' })];
  sending = new Map([
    ['of a sender by hand', 5],
    ['j-publisher-eu', 5],
  ]);
  let sender = 'of a sender by hand';
  onStats = () => {
    queued = 1 - queued;
    sending.set(sender, sending.get(sender)! + 1);
  };
  expect((await stop()).stopped).toEqual(['eu']);

  sender = 'j-publisher-eu';
  const failed = stopPublisher({ network, fleet, token: TOKEN }, {}).catch((error) => error.code);
  await vi.advanceTimersByTimeAsync(70_000);
  expect(await failed).toBe('STILL_SENDING');
});

test('a publisher for every region is not of the region that is named', async () => {
  running = [job({ role: 'publisher' })];
  expect((await stop(['eu'])).stopped).toEqual([]);
});

test('it waits longer than the longest interval of a sensor that was sending', async () => {
  sending = new Map([['j-publisher-eu', 1]]);
  running = [job({ role: 'publisher', region: 'eu' })];
  expect((await stop()).quietSeconds).toBe(1.05);
});

test('jobs of another state folder are stopped only on demand', async () => {
  const theirs = { ...job({ role: 'publisher', region: 'eu' }), owner: 'theirs' };
  const over = { ...job({ role: 'publisher', region: 'as' }, 'j-over'), owner: 'theirs', state: 'stopped' as const };
  running = [{ ...job({ role: 'publisher', region: 'us' }), owner: 'mine' }, over, theirs];
  const target = { network: { ...network, owner: 'mine' }, fleet, token: TOKEN };
  await expect(stopPublisher(target, {})).rejects.toMatchObject({ code: 'JOBS_OF_OTHERS' });
  expect(stopped).toEqual([]);
  const result = stopPublisher(target, { regions: ['eu'], takeOver: true });
  await vi.advanceTimersByTimeAsync(5_000);
  expect((await result).stopped).toEqual(['eu']);
});

const thermo = (region: string) => job({ role: 'module', name: 'thermo', region }, `j-thermo-${region}`);
const target = { network, fleet, token: TOKEN };

test('a module is stopped where it runs, in the regions that are named', async () => {
  running = [thermo('eu'), thermo('us'), job({ role: 'module', name: 'other', region: 'eu' })];
  expect(await stopModule(target, 'thermo', { regions: ['eu'] })).toEqual({ name: 'thermo', stopped: ['eu'] });
  expect(await stopModule(target, 'thermo', {})).toEqual({ name: 'thermo', stopped: ['eu', 'us'] });
  expect(annotated.at(-1)).toEqual(['j-thermo-eu', 'j-thermo-us']);
});

test('of a module that is not deployed those that are get named, unless the region itself is unknown', async () => {
  const unknown = { code: 'NO_SUCH_MODULE', message: 'no module "thermo" is deployed' };
  const hint = expect.stringContaining('Deploy one');
  await expect(stopModule(target, 'thermo', {})).rejects.toMatchObject({ ...unknown, hint });
  running = [job({ role: 'module', name: 'other', region: 'eu' }), job({ role: 'publisher', region: 'eu' })];
  await expect(stopModule(target, 'thermo', { regions: ['eu'] })).rejects.toMatchObject({
    ...{ ...unknown, hint: 'Deployed: other.' },
  });
  await expect(stopModule(target, 'thermo', { regions: ['mars'] })).rejects.toMatchObject({ code: 'NO_SUCH_REGION' });
  expect(stopped).toEqual([]);
});

test('what sensors keep is that of the jobs, or of the regions', async () => {
  running = [thermo('eu'), thermo('us'), job({ role: 'publisher', region: 'eu' })];
  sending = new Map([...running.map(({ id }) => [id, 5] as const), ['by hand', 5]]);
  waiting = 4;
  expect(await keptByJobs(target, { role: 'module', name: 'thermo' })).toEqual({ sensors: 2, readings: 8 });
  expect(await keptByJobs(target, { role: 'module', name: 'thermo', regions: ['us'] })).toMatchObject({ sensors: 1 });
  expect(await keptIn(fleet)).toEqual({ sensors: 4, readings: 16 });
  expect(await keptIn(fleet, ['eu'])).toMatchObject({ sensors: 4 });
  expect(await keptIn(fleet, ['us'])).toEqual({ sensors: 0, readings: 0 });
  waiting = 0;
  expect(await keptIn(fleet)).toEqual({ sensors: 0, readings: 0 });
});
