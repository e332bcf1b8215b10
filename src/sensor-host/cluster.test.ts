import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Cluster, createCluster } from './cluster.js';
import { ForeignHost } from './foreign/foreign-host.js';
import type { AnyModule } from './guest/sensor-module.js';
import type { GuestExit } from './guest/wasi-guest.js';
import type { ClusterNode, JobSpec } from './host-schemas.js';
import type { GuestSpec, SensorHost } from './sensor-host.js';

/** Records what is started; a test makes guests exit. */
class FakeHost {
  readonly guests: {
    module: AnyModule;
    spec: GuestSpec;
    running: boolean;
    isBehind: boolean;
    hasDelivered: boolean;
    exit(how: GuestExit, line?: string): void;
  }[] = [];
  readonly events: string[] = [];
  /** For so many more guests. */
  room = Number.POSITIVE_INFINITY;
  readonly cut = new Set<string>();

  start: SensorHost['start'] = (module, spec, onExit) => {
    if (this.room <= 0) throw new Error('no room');
    this.room--;
    this.events.push(`start ${spec.env.HOSTNAME}`);
    const guest = {
      module,
      spec,
      running: true,
      isBehind: false,
      hasDelivered: false,
      exit: (how: GuestExit, line = '') => {
        if (!guest.running) return;
        guest.running = false;
        this.room++;
        onExit?.(how, line);
      },
    };
    this.guests.push(guest);
    const stop = () => {
      this.events.push(`stop ${spec.env.HOSTNAME}`);
      guest.exit({ kind: 'stopped' });
    };
    return {
      ...{ exit: undefined, lastLines: [], delivery: guest, stop, retire: () => guest.isBehind || stop() },
    };
  };
  setLink = (region: string, connected: boolean) => void (connected ? this.cut.delete(region) : this.cut.add(region));
  isConnected = (region: string) => !this.cut.has(region);
  stats = () => ({ running: this.running.length, results: { us: { '2xx': 7 } } });
  reclaim: SensorHost['reclaim'] = async () => void this.events.push('reclaim');
  close = async () => void this.events.push('close');

  get running(): string[] {
    return this.guests.filter(({ running }) => running).map(({ spec }) => spec.env.HOSTNAME!);
  }
}

const NODES: ClusterNode[] = [
  ...['us', 'eu'].flatMap((region) => [1, 2].map((n) => ({ name: `edge-${region}-${n}`, region, type: 'edge' }))),
  { name: 'services', region: 'hub', type: 'web-services' },
];

let host: FakeHost;
let cluster: Cluster;
let loads: string[];
let loadFailure: Error | undefined;
let exits: object[];

beforeEach(() => {
  host = new FakeHost();
  [loads, loadFailure, exits] = [[], undefined, []];
  cluster = newCluster(NODES);
});

function newCluster(nodes: ClusterNode[]): Cluster {
  return createCluster({
    host,
    foreign: new ForeignHost(),
    nodes,
    modulePath: (sha256) => `/modules/${sha256}`,
    loadModule: async (name) => {
      loads.push(name);
      if (loadFailure) throw loadFailure;
      return { name } as AnyModule;
    },
    onEvent: (exit) => exits.push(exit),
    moduleEnv: (name, node) => (name === 'publisher' ? { SENSOR_TOKEN: `token of ${node}`, COLOR: 'host' } : {}),
  });
}

const publisher = (region: string, over: Partial<JobSpec> = {}): JobSpec => ({
  ...{ name: `publisher-${region || 'all'}`, region, module: 'publisher', type: 'daemon', args: ['--interval', '1'] },
  ...over,
});
const job = (name: string) => cluster.jobs().find((job) => job.name === name)!;
const states = (name: string) => job(name).executions.map(({ state }) => state);

describe('a daemon job', () => {
  test('runs on every edge node of its region, and shows as a Bacalhau job does', async () => {
    const submission = await cluster.submit(publisher('eu'));
    expect(submission).toEqual({ jobId: expect.stringMatching(/^j-[0-9a-f-]{36}$/), version: 1, unchanged: false });
    const { executions, ...rest } = job('publisher-eu');
    expect(rest).toEqual({
      id: submission.jobId,
      name: 'publisher-eu',
      module: 'publisher',
      region: 'eu',
      version: 1,
      state: 'running',
      message: '',
    });
    expect(executions).toEqual(
      ['edge-eu-1', 'edge-eu-2'].map((node) => ({
        id: expect.stringMatching(/^e-[0-9a-f-]{36}$/),
        node,
        state: 'running',
        message: '',
      })),
    );
    expect(host.guests.map(({ module, spec }) => [module.name, spec.region, spec.args, spec.mounts])).toEqual([
      ['publisher', 'eu', ['--interval', '1'], []],
      ['publisher', 'eu', ['--interval', '1'], []],
    ]);
  });

  test('gives its executions the host’s variables, then its own, then what Bacalhau gives', async () => {
    const mounts = [{ target: '/a', source: '/b' }];
    const { jobId } = await cluster.submit(
      publisher('eu', { env: { COLOR: 'job', HOSTNAME: 'mine', BACALHAU_JOB_ID: 'no' }, mounts }),
    );
    expect(host.guests[0]!.spec.mounts).toEqual(mounts);
    expect(host.guests[0]!.spec.env).toEqual({
      SENSOR_TOKEN: 'token of edge-eu-1',
      COLOR: 'job',
      HOSTNAME: 'mine',
      BACALHAU_JOB_ID: jobId,
      BACALHAU_EXECUTION_ID: job('publisher-eu').executions[0]!.id,
      BACALHAU_JOB_TYPE: 'daemon',
    });
  });

  test('without a region runs on the edge nodes of all regions', async () => {
    await cluster.submit(publisher(''));
    expect(host.running).toEqual(['edge-us-1', 'edge-us-2', 'edge-eu-1', 'edge-eu-2']);
  });

  test('is replaced by a submission of its name: the old executions stop first, the id stays', async () => {
    const first = await cluster.submit(publisher('eu'));
    const before = job('publisher-eu').executions.map(({ id }) => id);
    host.events.length = 0;
    const second = await cluster.submit(publisher('eu', { args: ['--interval', '2'] }));
    expect(second).toEqual({ jobId: first.jobId, version: 2, unchanged: false });
    expect(host.events).toEqual([
      ...['stop edge-eu-1', 'stop edge-eu-2', 'reclaim', 'start edge-eu-1', 'start edge-eu-2'],
    ]);
    const after = job('publisher-eu').executions.map(({ id }) => id);
    expect(new Set([...before, ...after]).size).toBe(4);
    expect([host.running.length, states('publisher-eu')]).toEqual([2, ['running', 'running']]);
  });

  describe('of sensors is handed over:', () => {
    let settled: (string | undefined)[];
    beforeEach(() => {
      // Only what checks again and again: other files of the same worker may still have waits.
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
      settled = [];
    });
    afterEach(() => void vi.useRealTimers());

    const version = (n: number, over: Partial<JobSpec> = {}) =>
      publisher('eu', { args: [`${n}`, '--submission-time=5'], handover: true, ...over });
    const check = () => vi.advanceTimersByTimeAsync(100);
    /** Node and version of each that runs. */
    const running = () =>
      host.guests.filter((one) => one.running).map(({ spec }) => `${spec.env.HOSTNAME!.slice(-1)} v${spec.args[0]}`);
    const submit = (spec: JobSpec) => cluster.submit(spec, { onSettled: ({ args }) => settled.push(args[0]) });

    test('the older sensor runs until the newer one has delivered', async () => {
      await submit(version(1));
      await submit(version(2));
      expect([running(), states('publisher-eu')]).toEqual([['1 v1', '2 v1', '1 v2', '2 v2'], Array(4).fill('running')]);
      // As the command says when it was submitted.
      expect(host.guests.map(({ spec }) => spec.args[1])).toEqual(Array(4).fill('--submission-time=5'));
      host.guests[2]!.hasDelivered = true;
      await check();
      expect([running(), settled]).toEqual([['2 v1', '1 v2', '2 v2'], ['1']]);
      host.guests[3]!.hasDelivered = true;
      await check();
      expect([running(), settled, vi.getTimerCount()]).toEqual([['1 v2', '2 v2'], ['1', '2'], 0]);
      expect([states('publisher-eu'), exits]).toEqual([['running', 'running'], []]);
    });

    test('a newer one waits for its region, and until the older has delivered what it keeps', async () => {
      await submit(version(1));
      cluster.setRegionLink('eu', false);
      host.guests[0]!.isBehind = true;
      await submit(version(2));
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(running()).toEqual(['1 v1', '2 v1']);
      expect(states('publisher-eu')).toEqual(['running', 'running', 'starting', 'starting']);
      cluster.setRegionLink('eu', true);
      await check();
      expect(running()).toEqual(['1 v1', '2 v1', '2 v2']);
      host.guests[0]!.isBehind = false;
      await check();
      expect(running()).toEqual(['1 v1', '2 v1', '2 v2', '1 v2']);
      // What the older ones took meanwhile is data: the newer ones have been submitted when they began.
      expect(host.guests.slice(1).map(({ spec }) => spec.args[1])).toEqual(
        [5, Date.now() - 100, Date.now()].map((time) => `--submission-time=${time}`),
      );
    });

    test('a newer one that fails leaves the older; the same submission is tried again', async () => {
      await submit(version(1));
      await submit(version(2));
      for (const guest of host.guests.slice(2)) guest.exit({ kind: 'trap', message: 'unreachable' });
      await check();
      expect([running(), settled, vi.getTimerCount()]).toEqual([['1 v1', '2 v1'], ['1', '1'], 0]);
      expect(job('publisher-eu')).toMatchObject({ state: 'running', message: 'edge-eu-1: unreachable' });
      expect(await submit(version(2))).toMatchObject({ unchanged: false });
      expect(running()).toEqual(['1 v1', '2 v1', '1 v2', '2 v2']);
    });

    test('one that runs again after a restart of the host is newer than all that ran before', async () => {
      await cluster.submit(version(1), { jobId: 'j-before' });
      expect(host.guests[0]!.spec.args[1]).toBe(`--submission-time=${Date.now()}`);
    });

    test('a third version replaces what has not taken over yet', async () => {
      await submit(version(1));
      await submit(version(2));
      host.guests[2]!.hasDelivered = true;
      await submit(version(3));
      expect(running()).toEqual(['1 v1', '2 v1', '1 v2', '1 v3', '2 v3']);
      host.guests[4]!.hasDelivered = true;
      host.guests[5]!.hasDelivered = true;
      await check();
      expect([running(), settled]).toEqual([
        ['1 v3', '2 v3'],
        ['1', '3'],
      ]);
    });

    test('an older one that exits by itself is no event, and one that failed makes room at once', async () => {
      await submit(version(1));
      cluster.setRegionLink('eu', false);
      await submit(version(2));
      host.guests[0]!.exit({ kind: 'trap', message: 'x' }, 'why');
      await check();
      expect(running()).toEqual(['2 v1', '1 v2']);
      cluster.setRegionLink('eu', true);
      await check();
      host.guests[1]!.exit({ kind: 'exit', code: 0 }, 'exiting: superseded');
      await check();
      expect([running(), exits, settled]).toMatchObject([['1 v2', '2 v2'], [{ message: 'why' }], ['1', '2']]);
    });

    test('an older one that never delivers is waited for a while, and runs on beside; of many only the newest', async () => {
      await submit(version(1));
      for (let n = 2; n < 9; n++) {
        for (const guest of host.guests) guest.isBehind = true;
        await submit(version(n));
        await vi.advanceTimersByTimeAsync(9000);
        expect(running().filter((one) => one.endsWith(`v${n}`))).toEqual([]);
        await vi.advanceTimersByTimeAsync(2000);
        for (const guest of host.guests.slice(-2)) guest.hasDelivered = true;
        await check();
      }
      expect(running().filter((one) => one.startsWith('1'))).toEqual(['1 v4', '1 v5', '1 v6', '1 v7', '1 v8']);
      expect([settled.at(-1), vi.getTimerCount()]).toEqual(['8', 0]);
    });

    test('without a handover, and by a stop, all of them end at once', async () => {
      await submit(version(1));
      await submit(version(2));
      await submit(version(3, { handover: false }));
      expect(running()).toEqual(['1 v3', '2 v3']);
      await submit(version(4));
      expect(cluster.stop('publisher-eu')).toBe(true);
      expect([running(), states('publisher-eu'), vi.getTimerCount()]).toEqual([[], ['stopped', 'stopped'], 0]);
    });

    test('a host that is full stops the older one first', async () => {
      host.room = 3;
      await submit(version(1));
      await submit(version(2));
      expect(running()).toEqual(['1 v1', '1 v2', '2 v2']);
    });
  });

  test('is left alone by the same submission, unless it was stopped', async () => {
    await cluster.submit(publisher('eu'));
    expect(await cluster.submit(publisher('eu'))).toMatchObject({ version: 1, unchanged: true });
    expect(host.guests).toHaveLength(2);
    expect(cluster.stop('publisher-eu')).toBe(true);
    expect(await cluster.submit(publisher('eu'))).toMatchObject({ version: 2, unchanged: false });
    expect(host.running).toHaveLength(2);
  });

  test('is known by its former id after a restart of the host', async () => {
    expect(await cluster.submit(publisher('eu'), { jobId: 'j-before' })).toMatchObject({
      jobId: 'j-before',
      version: 1,
    });
    expect(await cluster.submit(publisher('eu', { args: [] }), { jobId: 'j-other' })).toMatchObject({
      jobId: 'j-before',
    });
  });

  test('stops all its executions, and only those, once', async () => {
    await cluster.submit(publisher('eu'));
    await cluster.submit(publisher('us'));
    expect(cluster.stop('publisher-eu')).toBe(true);
    expect(host.running).toEqual(['edge-us-1', 'edge-us-2']);
    expect([job('publisher-eu').state, states('publisher-eu')]).toEqual(['stopped', ['stopped', 'stopped']]);
    expect([cluster.stop('publisher-eu'), cluster.stop('nobody')]).toEqual([false, false]);
  });
});

describe('an execution that exits', () => {
  test.each([
    [{ kind: 'exit', code: 0 }, 'done', 'completed', 'done'],
    [{ kind: 'exit', code: 7 }, 'oh', 'failed', 'exit code 7: oh'],
    [{ kind: 'exit', code: 7 }, '', 'failed', 'exit code 7'],
    [{ kind: 'returned' }, 'back', 'completed', 'back'],
    [{ kind: 'trap', message: 'unreachable' }, 'bad flag', 'failed', 'bad flag'],
    [{ kind: 'trap', message: 'unreachable' }, '', 'failed', 'unreachable'],
    [{ kind: 'stopped' }, 'x', 'stopped', ''],
  ] as const)('by %j after %j is %s: %j', async (exit, lastLine, state, message) => {
    await cluster.submit(publisher('eu'));
    host.guests[0]!.exit(exit, lastLine);
    expect(job('publisher-eu').executions).toMatchObject([
      { state, message },
      { state: 'running', message: '' },
    ]);
  });

  test('is reported with its last words, unless it was stopped', async () => {
    await cluster.submit(publisher('eu'));
    host.guests[0]!.exit({ kind: 'exit', code: 0 }, 'done');
    host.guests[1]!.exit({ kind: 'trap', message: 'x' }, 'why');
    await cluster.submit(publisher('us'));
    cluster.stop('publisher-us');
    expect(exits).toMatchObject([
      { type: 'sensor.completed', job: 'publisher-eu', node: 'edge-eu-1', message: 'done' },
      { type: 'sensor.failed', job: 'publisher-eu', node: 'edge-eu-2', message: 'why' },
    ]);
  });

  test('leaves its job running while another runs; the job is failed if one has failed', async () => {
    await cluster.submit(publisher('eu'));
    host.guests[0]!.exit({ kind: 'trap', message: 'x' }, 'why');
    expect(job('publisher-eu')).toMatchObject({ state: 'running', message: 'edge-eu-1: why' });
    host.guests[1]!.exit({ kind: 'exit', code: 0 });
    expect(job('publisher-eu')).toMatchObject({ state: 'failed', message: 'edge-eu-1: why' });
    expect(cluster.stop('publisher-eu')).toBe(false);
    expect(states('publisher-eu')).toEqual(['failed', 'completed']);
  });

  test('completes its job with the others', async () => {
    await cluster.submit(publisher('eu'));
    for (const guest of host.guests) guest.exit({ kind: 'exit', code: 0 });
    expect(job('publisher-eu')).toMatchObject({ state: 'completed', message: '' });
    expect(await cluster.submit(publisher('eu'))).toMatchObject({ version: 2, unchanged: false });
  });
});

test('a batch job runs on one node, an ops job on all', async () => {
  await cluster.submit(publisher('eu', { name: 'once', type: 'batch' }));
  expect(host.running).toEqual(['edge-eu-1']);
  await cluster.submit(publisher('eu', { name: 'each', type: 'ops' }));
  expect(host.running).toEqual(['edge-eu-1', 'edge-eu-1', 'edge-eu-2']);
});

describe('thousands of nodes', () => {
  const many = Array.from({ length: 250 }, (_, i) => ({ name: `n-${i}`, region: 'eu', type: 'edge' }));
  beforeEach(() => {
    cluster = newCluster(many);
  });

  test('are started a hundred a turn; the job is pending until the first runs', async () => {
    const submitted = cluster.submit(publisher('eu'));
    const counts = [];
    for (let i = 0; i < 4; i++) {
      await nextTurn();
      counts.push(host.guests.length);
    }
    await submitted;
    expect(counts).toEqual([100, 200, 250, 250]);
    expect(states('publisher-eu').every((state) => state === 'running')).toBe(true);
  });

  test('can be stopped while they start', async () => {
    const submitted = cluster.submit(publisher('eu'));
    await nextTurn();
    expect(states('publisher-eu').slice(99, 101)).toEqual(['running', 'starting']);
    expect(cluster.stop('publisher-eu')).toBe(true);
    await submitted;
    expect([host.guests.length, host.running]).toEqual([100, []]);
    expect(new Set(states('publisher-eu'))).toEqual(new Set(['stopped']));
  });

  test('can be replaced while they start: the older submission starts no more', async () => {
    const first = cluster.submit(publisher('eu'));
    await nextTurn();
    const second = cluster.submit(publisher('eu', { args: [] }));
    await Promise.all([first, second]);
    expect([host.guests.length, host.running.length]).toEqual([350, 250]);
    expect(job('publisher-eu')).toMatchObject({ version: 2, state: 'running' });
  });

  test('fail from the first one that does not start', async () => {
    host.room = 2;
    await expect(cluster.submit(publisher('eu'))).rejects.toThrow('no room');
    expect(states('publisher-eu').slice(0, 4)).toEqual(['running', 'running', 'failed', 'failed']);
    expect(job('publisher-eu').message).toBe('n-2: no room');
  });
});

test('a job whose executions have not started is pending, and can be stopped', async () => {
  host.reclaim = () => nextTurn();
  const submitted = cluster.submit(publisher('eu'));
  await Promise.resolve();
  await Promise.resolve();
  expect(job('publisher-eu')).toMatchObject({
    state: 'pending',
    executions: [{ state: 'starting' }, { state: 'starting' }],
  });
  expect(cluster.stop('publisher-eu')).toBe(true);
  await submitted;
  expect(host.guests).toEqual([]);
});

test('a module that could not be loaded may be there at the next submission', async () => {
  loadFailure = new Error('not built');
  await expect(cluster.submit(publisher('eu'))).rejects.toThrow('not built');
  expect(cluster.jobs()).toEqual([]);
  loadFailure = undefined;
  await cluster.submit(publisher('eu'));
  await cluster.submit(publisher('us', { name: 'updater', module: 'config-updater' }));
  expect(loads).toEqual(['publisher', 'publisher', 'config-updater']);
  expect(host.guests.at(-1)!.spec.env.SENSOR_TOKEN).toBeUndefined();
});

test('a link is cut and restored by region', () => {
  cluster.setRegionLink('eu', false);
  expect(cluster.nodes().map(({ name, connected }) => [name, connected])).toEqual([
    ...[
      ['edge-us-1', true],
      ['edge-us-2', true],
      ['edge-eu-1', false],
      ['edge-eu-2', false],
      ['services', true],
    ],
  ]);
  cluster.setRegionLink('eu', true);
  expect(cluster.nodes().every(({ connected }) => connected)).toBe(true);
});

test('a region that does not exist, or has no edge nodes, is refused', async () => {
  const unknown = { code: 'NO_SUCH_REGION', fault: 'user', exitCode: 2, hint: 'Regions here: us, eu, hub.' };
  expect(() => cluster.setRegionLink('mars', false)).toThrow(expect.objectContaining(unknown));
  await expect(cluster.submit(publisher('mars'))).rejects.toMatchObject(unknown);
  await expect(cluster.submit(publisher('hub'))).rejects.toMatchObject({
    code: 'NO_NODES',
    message: 'no edge nodes in region hub',
  });
  expect([cluster.jobs(), host.cut.size]).toEqual([[], 0]);
});

test('a closed cluster has stopped its jobs before it closes the host', async () => {
  await cluster.submit(publisher('eu'));
  host.events.length = 0;
  await cluster.close();
  expect(host.events).toEqual(['stop edge-eu-1', 'stop edge-eu-2', 'close']);
  expect(job('publisher-eu').state).toBe('stopped');
});
