/** The remote network on somebody's cluster: here a real orchestrator and nodes that this test started for it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PublisherJob } from '../../jobs/job-request.js';
import { freePort } from '../../lib/net/choose-port.js';
import { Supervisor } from '../../lib/process/supervisor.js';
import { buildWasm } from '../../modules/build-modules.js';
import { MODULES_DIR } from '../../modules/module-files.js';
import { findBacalhau } from '../../network/bacalhau/find-bacalhau.js';
import { NodeList } from '../../network/bacalhau/node-list.js';
import { nodeProcess, orchestratorNode } from '../../network/native/native-nodes.js';
import type { PlanContext } from '../../network/provider.js';
import { createRemoteNetwork } from '../../network/remote/remote-network.js';
import { planRemote } from '../../network/remote/remote-provider.js';
import { hostsSending, missingBacalhau } from '../support/native-cluster.js';
import { TestProxy } from '../support/test-proxy.js';

const missing = missingBacalhau();
const folder = mkdtempSync(join(tmpdir(), 'remote-'));
const supervisor = new Supervisor(join(folder, 'logs'));
let proxy: TestProxy;
let apiPort: number;

let startEdge: (name: string, region: string, allowed: string[]) => Promise<void>;

/** A cluster whose one edge node forwards nothing. */
beforeAll(async () => {
  if (missing) return;
  await buildWasm({ outDir: MODULES_DIR });
  proxy = await TestProxy.start();
  const ports = { api: await freePort(), nats: await freePort(), webUi: await freePort() };
  apiPort = ports.api;
  const readiness = new NodeList(`http://127.0.0.1:${ports.api}`, ports.nats);
  const bacalhau = findBacalhau(process.env.BACALHAU_BIN);
  const start = (node: Omit<Parameters<typeof nodeProcess>[2], 'readyTimeoutMs'>) =>
    supervisor.start(nodeProcess(bacalhau, join(folder, 'cluster'), { ...node, readyTimeoutMs: 20_000 }));
  await start({
    ...orchestratorNode(ports, 1),
    apiPort: ports.api,
    ready: (signal) => readiness.orchestratorReady(signal),
  });
  startEdge = async (name, region, allowed) =>
    start({
      name,
      apiPort: await freePort(),
      region,
      settings: {
        Labels: { region, type: 'edge' },
        'Compute.Orchestrators': [`nats://127.0.0.1:${ports.nats}`],
        'Compute.Env.AllowList': allowed,
      },
      env: { HOSTNAME: name },
      ready: (signal) => readiness.connected(name, 0, signal),
    });
  await startEdge('their-node', 'north', []);
}, 60_000);
beforeEach((ctx) => {
  if (missing) ctx.skip(missing);
});
afterAll(async () => {
  await supervisor.stop(['their-node', 'willing-node', 'other-node']);
  await supervisor.stop(['orchestrator']);
  await proxy?.close();
  rmSync(folder, { recursive: true });
}, 30_000);

interface Change extends Partial<Pick<PlanContext, 'stateDir' | 'emit'>> {
  proxyUrl?: string;
}

/** As `up` uses the provider: `start` gives the opened network with its connection. */
function planFor(host: string, port: number, change: Change = {}, tokenInJob = true) {
  const { stateDir = join(folder, 'state'), emit = () => {}, proxyUrl = proxy.url } = change;
  const plan = planRemote(
    { stateDir, emit, sensorEnv: { SENSOR_TOKEN: 'sensor' } },
    {
      api: { host, port },
      tokenInJob,
      ...(process.env.BACALHAU_BIN ? { bacalhau: process.env.BACALHAU_BIN } : {}),
    },
  );
  return {
    async start() {
      const { connection } = await plan.start({ proxyUrl });
      return { connection, network: createRemoteNetwork(connection, { stateDir, token: 'operator' }) };
    },
    stop: () => plan.stop(),
  };
}
const secretsFile = join(folder, 'state', 'remote', 'secrets.json');
const publisher = (region = 'north'): PublisherJob => ({
  role: 'publisher',
  region,
  proxyUrl: proxy.url,
  config: { interval: 0.2 },
  submissionTime: Date.now(),
});

it('runs sensors without HOSTNAME where it is not forwarded, says so once and knows it then', async () => {
  const plan = planFor('127.0.0.1', apiPort);
  const { network, connection } = await plan.start();
  expect(await network.nodes()).toEqual([{ name: 'their-node', region: 'north', type: 'edge', connected: true }]);
  const seen = hostsSending(proxy, 1, (reading) => reading.hostname === reading.execution_id);
  const first = await network.submit(publisher());
  // A 1.7 has more to say.
  expect(first.facts.at(-1)).toEqual({ type: 'hostname.not-forwarded', region: 'north' });
  expect(await seen).toHaveLength(1);
  expect(proxy.requests.at(-1)!.headers.authorization).toBe('Bearer sensor');
  // Another terminal was told no token: without it, the job would be another one.
  const elsewhere = createRemoteNetwork(connection, { stateDir: join(folder, 'state'), token: 'operator' });
  expect(await elsewhere.submit(publisher())).toMatchObject({ unchanged: true, facts: [] });
  expect(statSync(secretsFile).mode & 0o777).toBe(0o600);
  expect(readFileSync(secretsFile, 'utf8')).toContain('"sensor"');
  expect(JSON.stringify(connection)).not.toContain('"sensor"');
  expect(network.sensorProxyUrl('north')).toBe(proxy.url);
  await expect(network.setRegionLink('north', false)).rejects.toMatchObject({ code: 'NOT_OFFERED' });
  await plan.stop();
  expect(existsSync(secretsFile)).toBe(false);
});

it.each(['state', 'another state'])(
  'replaces no sensor that runs just so already, after a new start (%s)',
  async (name) => {
    const { network } = await planFor('127.0.0.1', apiPort, { stateDir: join(folder, name) }).start();
    expect(await network.submit(publisher())).toMatchObject({ unchanged: true, facts: [] });
  },
);

it('does without HOSTNAME from when a node does not forward it', async () => {
  await startEdge('willing-node', 'south', ['^HOSTNAME$']);
  const { network } = await planFor('127.0.0.1', apiPort).start();
  const named = hostsSending(proxy, 1, ({ hostname }) => hostname === 'willing-node');
  expect((await network.submit(publisher('south'))).facts).toEqual([]);
  expect(await named).toHaveLength(1);
  await startEdge('other-node', 'south', []);
  const unnamed = hostsSending(
    proxy,
    2,
    ({ region, hostname, execution_id: id }) => region === 'south' && hostname === id,
  );
  const changed = { ...publisher('south'), config: { interval: 0.3 } };
  expect((await network.submit(changed)).facts.at(-1)).toEqual({ type: 'hostname.not-forwarded', region: 'south' });
  expect(await unnamed).toHaveLength(2);
  expect(await network.submit(changed)).toMatchObject({ unchanged: true, facts: [] });
  expect(await network.stop({ role: 'publisher', region: 'south' })).toBe(true);
}, 60_000);

it('puts the sensor token into no job unless that was asked for', async () => {
  const { network, connection } = await planFor('127.0.0.1', apiPort, {}, false).start();
  await expect(network.submit(publisher())).rejects.toMatchObject({
    code: 'TOKEN_NOT_FORWARDED',
    hint: expect.stringContaining('--token-in-job'),
  });
  const text = readFileSync(join(folder, 'state', 'jobs', 'publisher-north.yaml'), 'utf8');
  expect(text).toContain('SENSOR_TOKEN: env:SENSOR_TOKEN');
  expect(connection).toMatchObject({ forSensors: ['SENSOR_TOKEN'], tokenInJob: false });
});

it('refuses a proxy on this machine for nodes that are elsewhere', async () => {
  await expect(planFor('10.1.2.3', 1234).start()).rejects.toMatchObject({ code: 'PROXY_NOT_REACHABLE', exitCode: 2 });
});

it('says that no API answers', async () => {
  await expect(planFor('127.0.0.1', await freePort()).start()).rejects.toMatchObject({
    code: 'BACALHAU_API_UNREACHABLE',
  });
});
