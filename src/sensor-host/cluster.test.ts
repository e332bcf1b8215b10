import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testModule } from '../test/support/built-modules.js';
import { TestSensor } from '../test/support/test-sensor.js';
import { type Cluster, createCluster } from './cluster.js';
import type { JobSpec } from './host-api.js';

let world: TestSensor;
let cluster: Cluster;
beforeEach(async () => {
  world = await TestSensor.prepare();
  const nodes = ['us', 'eu', 'as'].flatMap((region) =>
    [1, 2].map((n) => ({ name: `edge-${region}-${n}`, region, type: 'edge' })),
  );
  cluster = createCluster({
    host: world.host,
    nodes: [...nodes, { name: 'web-services-1', region: '', type: 'web-services' }],
    loadModule: testModule,
    moduleEnv: {
      publisher: { SENSOR_TOKEN: 'sensor-token' },
      'config-updater': { WASM_SENSORS_TOKEN: 'operator-token' },
    },
  });
});
afterEach(() => world.close());

function publisher(region: string, ...args: string[]): JobSpec {
  const flags = ['--proxy', world.proxy.url, '--region', region, '--interval', '1', ...args];
  return { name: `publisher-${region || 'all'}`, region, module: 'publisher', type: 'daemon', args: flags };
}

const job = (name: string) => cluster.jobs().find((job) => job.name === name)!;
const hosts = () => [...new Set(world.proxy.readings.map(({ hostname }) => hostname))].sort();

describe('a daemon job', () => {
  it('runs on every edge node of its region, and says so as Bacalhau does', async () => {
    const submission = await cluster.submit(publisher('eu'));
    await world.clock.pass(0);
    expect(hosts()).toEqual(['edge-eu-1', 'edge-eu-2']);
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
    const [reading] = world.proxy.readings;
    expect([reading!.job_id, reading!.execution_id]).toEqual([submission.jobId, executions[0]!.id]);
  });

  it('of no region runs everywhere', async () => {
    await cluster.submit(publisher(''));
    await world.clock.pass(0);
    expect(hosts()).toHaveLength(6);
  });

  it('is replaced by a submission of its name, which ends the old executions first', async () => {
    const first = await cluster.submit(publisher('eu', '--color', '#111111'));
    await world.clock.pass(3000);
    const second = await cluster.submit(publisher('eu', '--color', '#222222'));
    const sent = world.proxy.readings.length;
    await world.clock.pass(5000);
    expect(second).toEqual({ jobId: first.jobId, version: 2, unchanged: false });
    expect(new Set(world.proxy.readings.slice(sent).map(({ color }) => color))).toEqual(new Set(['#222222']));
    expect(job('publisher-eu').executions).toHaveLength(2);
    expect(world.host.stats().running).toBe(2);
  });

  it('is left alone by the same submission, unless it was stopped', async () => {
    await cluster.submit(publisher('eu'));
    const ids = job('publisher-eu').executions.map(({ id }) => id);
    expect(await cluster.submit(publisher('eu'))).toMatchObject({ version: 1, unchanged: true });
    expect(job('publisher-eu').executions.map(({ id }) => id)).toEqual(ids);
    expect(cluster.stop('publisher-eu')).toBe(true);
    expect(await cluster.submit(publisher('eu'))).toMatchObject({ version: 2, unchanged: false });
  });

  it('sends nothing once stopped', async () => {
    await cluster.submit(publisher('eu'));
    await cluster.submit(publisher('us'));
    await world.clock.pass(2000);
    expect(cluster.stop('publisher-eu')).toBe(true);
    world.proxy.readings.length = 0;
    await world.clock.pass(3000);
    expect(hosts()).toEqual(['edge-us-1', 'edge-us-2']);
    expect(job('publisher-eu')).toMatchObject({ state: 'stopped' });
    expect(job('publisher-eu').executions.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    expect([cluster.stop('publisher-eu'), cluster.stop('nobody')]).toEqual([false, false]);
  });

  it('that cannot run is failed, with the reason', async () => {
    await cluster.submit(publisher('eu', '--emoji', '99'));
    await world.clock.pass(0);
    expect(job('publisher-eu')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/^edge-eu-1: --emoji: /),
    });
  });

  it('can be stopped while it starts', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ name: `n-${i}`, region: 'eu', type: 'edge' }));
    const large = createCluster({ host: world.host, nodes: many, loadModule: testModule });
    await large.submit(publisher('eu'));
    const second = large.submit(publisher('eu', '--color', '#222222'));
    await new Promise((resolve) => setImmediate(resolve));
    large.stop('publisher-eu');
    await second;
    expect(world.host.stats().running).toBe(0);
  });
});

describe('other jobs', () => {
  it('of type batch run once on one node, with their own token', async () => {
    const args = ['--proxy', world.proxy.url, '--color', '#010203'];
    const spec: JobSpec = { name: 'updater', region: 'eu', module: 'config-updater', type: 'batch', args };
    await cluster.submit(spec);
    await world.clock.pass(0);
    expect(world.proxy.requests).toHaveLength(1);
    expect(world.proxy.requests[0]!.headers.authorization).toBe('Bearer operator-token');
    expect(job('updater')).toMatchObject({
      state: 'completed',
      executions: [
        { node: 'edge-eu-1', state: 'completed', message: expect.stringMatching(/^the proxy took the change/) },
      ],
    });
    await cluster.submit(spec);
    await world.clock.pass(0);
    expect(world.proxy.requests).toHaveLength(2);
  });
});

describe('a region', () => {
  it('that is cut keeps its sensors running and shows as disconnected', async () => {
    await cluster.submit(publisher(''));
    await world.clock.pass(3000);
    cluster.setRegionLink('eu', false);
    expect(
      cluster
        .nodes()
        .filter(({ connected }) => !connected)
        .map(({ name }) => name),
    ).toEqual(['edge-eu-1', 'edge-eu-2']);
    world.proxy.readings.length = 0;
    await world.clock.pass(5000);
    expect(hosts()).toEqual(['edge-as-1', 'edge-as-2', 'edge-us-1', 'edge-us-2']);
    expect(job('publisher-all').state).toBe('running');
    cluster.setRegionLink('eu', true);
    await world.clock.pass(4000);
    const late = world.proxy.readings
      .filter(({ hostname }) => hostname === 'edge-eu-1')
      .map(({ sequence }) => sequence);
    expect(late).toEqual(late.map((_, i) => late[0]! + i));
    expect(late.length).toBeGreaterThanOrEqual(8);
  });

  it('that does not exist is refused', async () => {
    expect(() => cluster.setRegionLink('mars', false)).toThrow(expect.objectContaining({ code: 'NO_SUCH_REGION' }));
    await expect(cluster.submit(publisher('mars'))).rejects.toMatchObject({ code: 'NO_SUCH_REGION', exitCode: 2 });
  });
});
