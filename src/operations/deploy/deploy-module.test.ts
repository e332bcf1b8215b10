import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ModuleJob } from '../../jobs/job-request.js';
import type { ExecutionInfo, Network } from '../../network/network.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { edgeNode, execution, FakeNetwork, jobInfo } from '../../test/support/fake-network.js';
import { tinyModule } from '../../test/support/tiny-module.js';
import { type DeployModuleOptions, type DeployModuleResult, deployModule } from './deploy-module.js';
import { stopModule } from './stop-jobs.js';

let folder: string;
let network: FakeNetwork & Pick<Network, 'downloadsModule' | 'unseenStartMs'>;
let watchedMs: number;
let uploads: [sha256: string, bytes: number][];
/** State of an execution on a node, by the time since the first look at it. */
let stateOf: (node: string, ms: number) => ExecutionInfo | ExecutionInfo[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date', 'performance'] });
  folder = mkdtempSync(join(tmpdir(), 'deploy-module-'));
  writeFileSync(join(folder, 'my.wasm'), tinyModule({ name: 'my' }));
  uploads = [];
  network = new FakeNetwork();
  stateOf = (node) => execution(node, 'running');
  network.onSubmit = ({ role }) => {
    const jobs = network.jobList.filter(({ ref }) => ref.role === role);
    let began: number | undefined;
    network.jobs = async () => {
      began ??= Date.now();
      watchedMs = Date.now() - began;
      return [
        ...network.jobList.filter((job) => !jobs.includes(job)),
        ...jobs.map((job) => ({ ...job, executions: [stateOf(`edge-${job.ref.region}-1`, watchedMs)].flat() })),
      ];
    };
  };
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

async function deploy(options: Partial<DeployModuleOptions> = {}) {
  let done: { result: DeployModuleResult } | { error: unknown } | undefined;
  const target = {
    network,
    fleet: {
      snapshot: async () => ({ sensors: [], summary: { relays: [] } as never }),
      stats: async () => ({}) as never,
    },
    proxy: { putModule: async (sha256: string, { length }: Uint8Array) => void uploads.push([sha256, length]) },
    stateDir: folder,
  };
  const running = deployModule(target, {
    ...{ file: join(folder, 'my.wasm'), name: 'my', parameters: ['x'], env: { A: 'b' }, once: false },
    ...{ takeOver: false, timeoutMs: 5000, onProgress: () => {} },
    ...options,
  }).then(
    (result) => {
      done = { result };
    },
    (error) => {
      done = { error };
    },
  );
  // Files are read in real time.
  while (!done) await vi.advanceTimersByTimeAsync(50).then(() => new Promise(setImmediate));
  await running;
  if ('error' in done) throw done.error;
  return done.result;
}

test('one job a region carries the module, its parameters and the proxy of its region', async () => {
  const result = await deploy({ regions: ['eu', 'us'], once: true });
  expect(network.submitted.map((job) => (job as ModuleJob).region).sort()).toEqual(['eu', 'us']);
  expect(network.submitted[0]).toMatchObject({
    role: 'module',
    name: 'my',
    module: { sha256: result.module.sha256 },
    parameters: ['x'],
    env: { A: 'b' },
    once: true,
    proxyUrl: `http://proxy-of-${(network.submitted[0] as ModuleJob).region}`,
  });
  expect(result).toMatchObject({ running: 2, completed: 0, downloaded: false });
  expect(watchedMs).toBe(5000);
  expect(uploads).toEqual([]);
});

test('what does not fit into a job is put where nodes download it, before the job', async () => {
  network.downloadsModule = (bytes) => bytes > 10;
  const { downloaded, module } = await deploy();
  expect([downloaded, uploads]).toEqual([true, [[module.sha256, module.bytes]]]);
});

test('a module that no node can run replaces nothing', async () => {
  writeFileSync(join(folder, 'my.wasm'), 'text');
  await expect(deploy()).rejects.toMatchObject({ code: 'MODULE_INVALID' });
  expect(network.submitted).toEqual([]);
});

test('one that exits with an error soon after its start has failed, with its last lines', async () => {
  stateOf = (node, ms) =>
    node === 'edge-eu-1' && ms > 1000 ? execution(node, 'failed', 'no config') : execution(node, 'running');
  await expect(deploy()).rejects.toMatchObject({
    code: 'MODULE_FAILED',
    message: 'my failed on edge-eu-1',
    details: ['edge-eu-1: no config'],
  });
});

test('one that fails and is started again at once has failed: the second start says nothing', async () => {
  stateOf = (node, ms) => [
    execution(node, ms > 2000 ? 'failed' : 'running', 'exit code 3'),
    ...(ms > 2000 ? [execution(node, 'running')] : []),
  ];
  await expect(deploy()).rejects.toMatchObject({
    code: 'MODULE_FAILED',
    message: 'my failed on 3 nodes',
    details: expect.arrayContaining(['edge-us-1: exit code 3']),
  });
});

test('where a start is not seen, it is watched for as long as a start may take, too', async () => {
  network.unseenStartMs = (bytes) => (bytes > 10 ? 4000 : 0);
  stateOf = (node, ms) => execution(node, ms > 8000 ? 'failed' : 'running');
  await expect(deploy()).rejects.toMatchObject({ code: 'MODULE_FAILED' });
  stateOf = (node) => execution(node, 'running');
  await deploy();
  expect(watchedMs).toBe(9000);
});

test('one that ends without an error has completed, also where it is started again; it is not watched any longer', async () => {
  stateOf = (node) => [execution(node, 'completed'), ...(node === 'edge-us-1' ? [execution(node, 'running')] : [])];
  expect(await deploy()).toMatchObject({ running: 0, completed: 3 });
  expect(watchedMs).toBe(0);
});

test('a job that the network gives up after an end without an error is no failure while others still start', async () => {
  stateOf = (node, ms) => {
    const job = network.jobList.find(({ ref }) => node === `edge-${ref.region}-1`)!;
    if (node !== 'edge-as-1') job.state = 'failed';
    return execution(node, node !== 'edge-as-1' || ms > 2000 ? 'completed' : 'starting');
  };
  expect(await deploy()).toMatchObject({ running: 0, completed: 3 });
});

test('a job that the network gives up before anything of it ran has failed, with its own words', async () => {
  stateOf = (node) => {
    const job = network.jobList.find(({ ref }) => node === `edge-${ref.region}-1`)!;
    if (node === 'edge-eu-1') Object.assign(job, { state: 'failed', message: 'no node has room' });
    return node === 'edge-eu-1' ? [] : execution(node, 'running');
  };
  const refused = { code: 'MODULE_FAILED', message: 'module-my.eu: no node has room' };
  await expect(deploy()).rejects.toMatchObject(refused);
});

test('of a module that runs already, only what runs now counts', async () => {
  network.submission = { unchanged: true };
  stateOf = (node) => [execution(node, 'failed', 'long ago'), execution(node, 'running')];
  expect(await deploy()).toMatchObject({ running: 3 });
});

test('one that does not start in time is named with its nodes', async () => {
  stateOf = (node) => execution(node, node === 'edge-as-1' ? 'starting' : 'running');
  await expect(deploy()).rejects.toMatchObject({ code: 'DEPLOY_TIMEOUT', details: ['edge-as-1: starting'] });
});

test('a node that is cut off is not waited for', async () => {
  network.nodeList = [edgeNode('edge-us-1'), edgeNode('edge-eu-1', { connected: false })];
  stateOf = (node) => execution(node, node === 'edge-us-1' ? 'running' : 'starting');
  const { regions } = await deploy();
  expect(regions.map(({ region, nodes, pending }) => [region, nodes, pending])).toEqual([
    ['us', 1, 0],
    ['eu', 0, 1],
  ]);
});

const theirs = jobInfo({ role: 'module', region: 'eu', name: 'my' }, { owner: 'them' });

test('a module of the same name from another state folder needs --take-over, to replace as to stop it', async () => {
  network.owner = 'me';
  network.jobList = [theirs];
  await expect(deploy()).rejects.toMatchObject({ code: 'JOBS_OF_OTHERS' });
  await expect(stop('my')).rejects.toMatchObject({ code: 'JOBS_OF_OTHERS' });
  expect([network.submitted, network.stopped]).toEqual([[], []]);
  expect(await stop('my', true)).toEqual({ name: 'my', stopped: ['eu'] });
  await deploy({ takeOver: true });
  expect(network.submitted).toHaveLength(3);
});

const annotated: unknown[] = [];
const stop = (name: string, takeOver = false, regions?: string[]) =>
  stopModule({ network, fleet, token: 't' }, name, { takeOver, regions });
const fleet = { annotate: async (facts: unknown) => void annotated.push(facts) } as unknown as FleetClient;

test('a stop concerns one name, and its regions if they are given; its sensors are not missed any more', async () => {
  network.jobList = ['us', 'eu'].flatMap((region) =>
    ['my', 'other'].map((name) => jobInfo({ role: 'module', region, name })),
  );
  expect(await stop('my', false, ['us'])).toEqual({ name: 'my', stopped: ['us'] });
  expect(network.stopped).toEqual([{ role: 'module', region: 'us', name: 'my' }]);
  expect(annotated.at(-1)).toEqual({ endedJobs: ['j-module-my.us'] });
});

test('a name that nobody deployed is refused with those that are there', async () => {
  network.jobList = [jobInfo({ role: 'module', region: 'us', name: 'my' })];
  await expect(stop('mine')).rejects.toMatchObject({ code: 'NO_SUCH_MODULE', hint: 'Deployed: my.' });
});
