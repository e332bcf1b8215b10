/** A real network of the `bacalhau` on PATH (or BACALHAU_BIN), with the real publisher and a tiny proxy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reading } from '../../core/message.js';
import { waitFor } from '../../lib/backoff.js';
import { isAlive, type ProcessId } from '../../lib/processes.js';
import { type ChildEvent, Supervisor } from '../../lib/supervisor.js';
import { buildWasm } from '../../sensors/build.js';
import { MODULES_DIR } from '../../sensors/modules.js';
import { findBacalhau } from '../bacalhau/binary.js';
import { type Network, type PublisherJob, REGIONS } from '../network.js';
import type { NetworkEvent, NetworkRunner } from '../runner.js';
import { createNativeRunner } from './runner.js';

const missing = (() => {
  try {
    findBacalhau(process.env.BACALHAU_BIN);
    return '';
  } catch (error) {
    return ` (skipped: ${(error as Error).message})`;
  }
})();

describe.skipIf(missing)(`native network${missing}`, () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'native-'));
  const supervisor = new Supervisor(join(stateDir, 'logs'));
  const events: NetworkEvent[] = [];
  const childEvents: ChildEvent[] = [];
  const readings: Reading[] = [];
  let proxy: Server;
  let runner: NetworkRunner;
  let network: Network;

  beforeAll(async () => {
    await buildWasm({ outDir: MODULES_DIR });
    proxy = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      if (request.method === 'POST') readings.push(...[JSON.parse(Buffer.concat(parts).toString())].flat());
      response.setHeader('content-type', 'application/json').end('{"status":"accepted","accepted":1}');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    supervisor.on('event', (event) => childEvents.push(event));
    runner = createNativeRunner(
      {
        supervisor,
        stateDir,
        nodesPerRegion: 2,
        proxyUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        token: 'operator',
        sensorEnv: { SENSOR_TOKEN: 'sensor' },
        emit: (event) => events.push(event),
      },
      process.env.BACALHAU_BIN ? { bacalhau: process.env.BACALHAU_BIN } : {},
    );
    const began = Date.now();
    ({ network } = await runner.start());
    console.log(`network up in ${Date.now() - began} ms`);
  }, 60_000);

  let left: ProcessId[] = [];
  afterAll(async () => {
    left = supervisor.running;
    await runner.stop();
    proxy.closeAllConnections();
    proxy.close();
    expect(left.filter(isAlive)).toEqual([]);
    rmSync(stateDir, { recursive: true });
  }, 30_000);

  const publisher = (region: string, color: string): PublisherJob => ({
    role: 'publisher',
    region,
    proxyUrl: network.sensorProxyUrl(region),
    config: { color, interval: 0.2 },
    submissionTime: Date.now(),
  });
  /** Hosts that send readings which match, once there are `count` of them. */
  const hostsSending = (count: number, matches: (reading: Reading) => boolean, timeoutMs = 10_000) => {
    const from = readings.length;
    return waitFor(
      () => {
        const hosts = new Set(
          readings
            .slice(from)
            .filter(matches)
            .map((reading) => reading.hostname),
        );
        return hosts.size >= count ? [...hosts].sort() : undefined;
      },
      { timeoutMs, everyMs: 20 },
    );
  };

  it('connects every node, with its labels', async () => {
    const nodes = await network.nodes();
    const edge = nodes.filter((node) => node.type === 'edge');
    expect(edge.map((node) => `${node.name} ${node.region} ${node.connected}`).sort()).toEqual(
      REGIONS.flatMap((region) => [1, 2].map((i) => `edge-${region}-${i} ${region} true`)).sort(),
    );
    expect(events).toContainEqual({
      type: 'network.progress',
      step: 'nodes connected',
      done: nodes.length,
      total: nodes.length,
    });
  });

  it('runs a publisher on every node', async () => {
    const began = Date.now();
    const seen = hostsSending(6, () => true);
    const submissions = await Promise.all(REGIONS.map((region) => network.submit(publisher(region, '#111111'))));
    expect(submissions.map((submission) => submission.unchanged)).toEqual([false, false, false]);
    expect(await seen).toHaveLength(6);
    console.log(`all six readings after ${Date.now() - began} ms`);
    const jobs = await network.jobs();
    console.log(JSON.stringify(jobs));
  }, 20_000);
});
