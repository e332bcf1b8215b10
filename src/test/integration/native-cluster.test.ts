/** A real network with the real publisher: what `bacalhau` really does with our nodes, jobs and links. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PublisherJob } from '../../jobs/job-request.js';
import { waitFor } from '../../lib/async/backoff.js';
import { isAlive } from '../../lib/process/process-id.js';
import { REGIONS } from '../../network/network.js';
import type { Reading } from '../../protocol/message.js';
import { hostsSending, missingBacalhau, startCluster, type TestCluster } from '../support/native-cluster.js';

describe('a native network of two nodes in each region', () => {
  const missing = missingBacalhau();
  let cluster: TestCluster;

  beforeAll(async () => {
    if (!missing) cluster = await startCluster(2);
  }, 60_000);
  afterAll(async () => {
    if (!cluster) return;
    const processes = cluster.supervisor.running;
    await cluster.close();
    expect(processes.filter(isAlive)).toEqual([]);
  }, 30_000);

  const it = (name: string, body: () => Promise<void>, timeout = 90_000) =>
    test(name, { timeout }, async (context) => {
      if (missing) context.skip(missing);
      await body();
    });

  const publisher = (region: string, color: string): PublisherJob => ({
    role: 'publisher',
    region,
    proxyUrl: cluster.network.sensorProxyUrl(region),
    config: { color, interval: 0.2 },
    submissionTime: Date.now(),
  });

  it('connects every node, with its labels', async () => {
    const nodes = await cluster.network.nodes();
    const edge = nodes.filter((node) => node.type === 'edge');
    const names = edge.map((node) => `${node.name} ${node.region} ${node.connected}`).sort();
    expect(names).toEqual(REGIONS.flatMap((region) => [1, 2].map((i) => `edge-${region}-${i} ${region} true`)).sort());
    const [done, total] = [nodes.length, nodes.length];
    expect(cluster.events).toContainEqual({ type: 'network.progress', step: 'nodes connected', done, total });
  });

  it('runs a publisher on every node', async () => {
    const { network, proxy } = cluster;
    const seen = hostsSending(proxy, 6, () => true);
    const submissions = await Promise.all(REGIONS.map((region) => network.submit(publisher(region, '#111111'))));
    expect(submissions.map((submission) => submission.unchanged)).toEqual([false, false, false]);
    expect(await seen).toHaveLength(6);
    const jobs = await network.jobs();
    const described = jobs.map((job) => `${job.name} ${job.state} ${job.executions.map((one) => one.state)}`).sort();
    expect(described).toEqual(REGIONS.map((region) => `publisher-${region} running running,running`).sort());
    const reading = proxy.readings.at(-1)!;
    expect(jobs.some((job) => job.id === reading.job_id)).toBe(true);
    expect(reading.region).toBe(reading.hostname.split('-')[1]);
    expect(proxy.requests.at(-1)!.headers.authorization).toBe('Bearer sensor');
  });

  it('leaves alone what it runs already, and replaces what differs', async () => {
    const { network, proxy } = cluster;
    expect((await network.submit(publisher('us', '#111111'))).unchanged).toBe(true);
    const seen = hostsSending(proxy, 2, (reading) => reading.color === '#222222');
    expect(await network.submit(publisher('us', '#222222'))).toMatchObject({
      unchanged: false,
      jobName: 'publisher-us',
    });
    expect(await seen).toEqual(['edge-us-1', 'edge-us-2']);
    await sleep(500);
    const from = proxy.readings.length;
    await sleep(500);
    const colors = proxy.readings.slice(from).flatMap((reading) => (reading.region === 'us' ? reading.color : []));
    expect(new Set(colors)).toEqual(new Set(['#222222']));
  });

  it('stops a job, and runs the very same again', async () => {
    const { network, proxy } = cluster;
    expect(await network.stop({ role: 'publisher', region: 'us' })).toBe(true);
    const quiet = async () => {
      const from = proxy.readings.length;
      await sleep(500);
      return proxy.readings.slice(from).every((reading) => reading.region !== 'us') || undefined;
    };
    expect(await waitFor(quiet, { timeoutMs: 5000 })).toBe(true);
    expect(await network.stop({ role: 'publisher', region: 'us' })).toBe(false);
    const seen = hostsSending(proxy, 2, (reading) => reading.region === 'us');
    expect((await network.submit(publisher('us', '#222222'))).unchanged).toBe(false);
    expect(await seen).toHaveLength(2);
  });

  it('says which labels no node has', async () => {
    const nowhere = { ...publisher('us', '#111111'), region: 'moon' };
    await expect(cluster.network.submit(nowhere)).rejects.toMatchObject({ code: 'NO_MATCHING_NODES' });
  });

  it('starts a killed node again, and its sensor with it', async () => {
    const { supervisor, childEvents, proxy } = cluster;
    const node = supervisor.running.find((one) => one.name === 'edge-as-1')!;
    process.kill(node.pid, 'SIGKILL');
    const restarted = () => childEvents.find((event) => event.type === 'child.restarted');
    expect(await waitFor(restarted, { timeoutMs: 20_000 })).toMatchObject({ name: 'edge-as-1' });
    expect(await hostsSending(proxy, 1, (reading) => reading.hostname === 'edge-as-1')).toHaveLength(1);
  });

  it('cuts a region until Bacalhau has replaced its executions: nothing of the first ones is lost', async () => {
    const { network, proxy } = cluster;
    const disconnected = async () => (await network.nodes()).filter((node) => !node.connected).map((node) => node.name);
    const began = Date.now();
    await network.setRegionLink('eu', false);
    // What was sent just before may still arrive.
    await sleep(1000);
    const from = proxy.readings.length;
    const gone = async () => (await disconnected()).sort().join() === 'edge-eu-1,edge-eu-2' || undefined;
    expect(await waitFor(gone, { timeoutMs: 20_000, everyMs: 250 })).toBe(true);
    expect(Date.now() - began).toBeLessThan(17_000);
    const failed = async () => {
      const job = (await network.jobs()).find(({ name }) => name === 'publisher-eu')!;
      return job.executions.filter(({ state }) => state === 'failed').length === 2 || undefined;
    };
    expect(await waitFor(failed, { timeoutMs: 40_000, everyMs: 500 })).toBe(true);
    const hosts = new Set(proxy.readings.slice(from).map((reading) => reading.hostname));
    expect([...hosts].sort()).toEqual(['edge-as-1', 'edge-as-2', 'edge-us-1', 'edge-us-2']);

    const first = new Set(proxy.readings.flatMap(({ region, execution_id: id }) => (region === 'eu' ? [id] : [])));
    const later = ({ region, execution_id: id }: Reading) => region === 'eu' && !first.has(id);
    const second = hostsSending(proxy, 2, later, 60_000);
    await network.setRegionLink('eu', true);
    const nodesLetIn = Date.now();
    expect(await second).toEqual(['edge-eu-1', 'edge-eu-2']);
    for (const id of first) {
      const own = proxy.readings.filter((reading) => reading.execution_id === id);
      // Whatever it took until its node was let in again, and it ran on for all that time.
      expect(new Set(own.map(({ sequence }) => sequence)).size).toBe(own.at(-1)!.sequence);
      expect(Date.parse(own.at(-1)!.timestamp)).toBeGreaterThan(nodesLetIn - 500);
    }
    const back = async () => (await disconnected()).length === 0 || undefined;
    expect(await waitFor(back, { timeoutMs: 40_000, everyMs: 250 })).toBe(true);
  }, 130_000);
});
