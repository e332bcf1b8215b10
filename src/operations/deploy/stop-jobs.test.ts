import { beforeEach, expect, test, vi } from 'vitest';
import type { JobRef } from '../../jobs/job-request.js';
import type { JobInfo, Network } from '../../network/network.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { edgeNode } from '../../test/support/fake-network.js';
import { stopPublisher } from './stop-jobs.js';

const TOKEN = 'operator';
let running: JobInfo[];
let stopped: JobRef[];
let annotated: string[][];
/** Readings by region; they end when the region's publisher is stopped. */
let waiting: number;
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
    sensors: [...sending.keys()].map((region) => ({ region, state: 'live', waiting, config: { intervalMs: 50 } })),
  }),
  summary: async () => ({ regions: [...sending].map(([region, received]) => ({ region, received })) }),
  stats: async () => ({ depth: { visible: 0, inFlight: 0, delayed: 0 } }),
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
    ['eu', 5],
    ['us', 5],
  ]);
  waiting = 25;
  expect(await stop(['eu'])).toMatchObject({ stopped: ['eu'], givenUp: 25 });
});

test('a region that is called eu-once is not stopped with eu', async () => {
  running = [job({ role: 'publisher', region: 'eu-once' }), job({ role: 'publisher', region: 'eu', runOnce: true })];
  expect((await stop(['eu'])).stopped).toEqual(['eu']);
  expect(stopped).toEqual([{ role: 'publisher', region: 'eu', runOnce: true }]);
});

test('readings of other regions are waited for only when a publisher of every region was stopped', async () => {
  sending = new Map([['us', 5]]);
  const count = setInterval(() => sending.set('us', sending.get('us')! + 1), 50);
  // A region that is called `all` is one region.
  running = [job({ role: 'publisher', region: 'all' })];
  expect((await stop(['all'])).stopped).toEqual(['all']);

  running = [job({ role: 'publisher' })];
  const failed = stopPublisher({ network, fleet, token: TOKEN }, {}).catch((error) => error.code);
  await vi.advanceTimersByTimeAsync(70_000);
  clearInterval(count);
  expect(await failed).toBe('STILL_SENDING');
});

test('a publisher for every region is not of the region that is named', async () => {
  running = [job({ role: 'publisher' })];
  expect((await stop(['eu'])).stopped).toEqual([]);
});

test('it waits longer than the longest interval of a sensor that was sending', async () => {
  sending = new Map([['eu', 1]]);
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
