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
    summary: {},
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
