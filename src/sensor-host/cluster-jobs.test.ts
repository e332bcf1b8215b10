import { beforeEach, expect, test } from 'vitest';
import { type Cluster, createCluster } from './cluster.js';
import type { GuestEnd } from './guest.js';
import type { JobSpec } from './host-api.js';
import type { GuestSpec, SensorHost } from './sensor-host.js';
import type { SensorModule } from './sensor-module.js';

// What a cluster asks of its host; no module runs here.
let started: (GuestSpec & { end(end: GuestEnd, lastLine: string): void })[];
/** What loading a module gives, one after the other; then it works. */
let failures: Error[];
let cluster: Cluster;

beforeEach(() => {
  [started, failures] = [[], []];
  const host = {
    start(_module, spec, onEnd) {
      started.push({ ...spec, end: (end, lastLine) => onEnd?.(end, lastLine) });
      return { end: undefined, lastLines: [], stop: () => {} };
    },
    reclaim: async () => {},
    isConnected: () => true,
  } as Partial<SensorHost> as SensorHost;
  cluster = createCluster({
    host,
    nodes: [{ name: 'edge-eu-1', region: 'eu', type: 'edge' }],
    loadModule: async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      return {} as SensorModule;
    },
    moduleEnv: { publisher: { SENSOR_TOKEN: 'of the host', HOSTNAME: 'x' } },
  });
});

const spec = (over: Partial<JobSpec> = {}): JobSpec => ({
  ...{ name: 'publisher-eu', region: 'eu', module: 'publisher', type: 'daemon', args: [] },
  ...over,
});
const job = () => cluster.jobs()[0]!;

test('a module that can’t be loaded now can be loaded later', async () => {
  failures = [new Error('not built yet')];
  await expect(cluster.submit(spec())).rejects.toThrow('not built yet');
  expect((await cluster.submit(spec())).version).toBe(1);
});

test('a job’s own environment is stronger than that of its module, and who it is stronger than both', async () => {
  await cluster.submit(spec({ env: { SENSOR_TOKEN: 'of the job', BACALHAU_JOB_ID: 'forged' } }));
  expect(started[0]?.env).toMatchObject({
    SENSOR_TOKEN: 'of the job',
    HOSTNAME: 'edge-eu-1',
    BACALHAU_JOB_ID: job().id,
  });
});

test.each<[GuestEnd, string, string, string]>([
  [{ kind: 'exit', code: 0 }, 'done', 'completed', 'done'],
  [{ kind: 'exit', code: 2 }, 'no proxy', 'completed', 'exit code 2: no proxy'],
  [{ kind: 'returned' }, 'bye', 'completed', 'exit code -1: bye'],
  [{ kind: 'trap', message: 'unreachable' }, '', 'failed', 'unreachable'],
  [{ kind: 'trap', message: 'unreachable' }, 'abort: no colour', 'failed', 'abort: no colour'],
])('an end %j after the words %j is %s: %s', async (end, lastLine, state, message) => {
  await cluster.submit(spec());
  started[0]!.end(end, lastLine);
  expect(job().executions).toMatchObject([{ state, message }]);
  expect(job().state).toBe(state);
});

test('what was stopped has stopped, whatever its guest says of it', async () => {
  await cluster.submit(spec());
  expect(cluster.stop('publisher-eu')).toBe(true);
  started[0]!.end({ kind: 'stopped' }, '');
  expect([job().state, job().executions[0]?.state, cluster.stop('publisher-eu')]).toEqual([
    'stopped',
    'stopped',
    false,
  ]);
});
