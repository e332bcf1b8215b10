import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ModuleJob } from '../../jobs/job-request.js';
import type { ExecutionInfo } from '../../network/network.js';
import { edgeNode, execution, FakeNetwork, jobInfo } from '../../test/support/fake-network.js';
import { tinyModule } from '../../test/support/tiny-module.js';
import { type DeployModuleOptions, type DeployModuleResult, deployModule } from './deploy-module.js';
import { stopModule } from './stop-module.js';

let folder: string;
let network: FakeNetwork & { downloadsModule?: (bytes: number) => boolean };
let uploads: [sha256: string, bytes: number][];
/** State of an execution on a node, by the time since the submission. */
let stateOf: (node: string, ms: number) => ExecutionInfo;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date', 'performance'] });
  folder = mkdtempSync(join(tmpdir(), 'deploy-module-'));
  writeFileSync(join(folder, 'my.wasm'), tinyModule({ name: 'my' }));
  uploads = [];
  network = new FakeNetwork();
  stateOf = (node) => execution(node, 'running');
  network.onSubmit = ({ role }) => {
    const began = Date.now();
    const jobs = network.jobList.filter(({ ref }) => ref.role === role);
    network.jobs = async () => [
      ...network.jobList.filter((job) => !jobs.includes(job)),
      ...jobs.map((job) => ({ ...job, executions: [stateOf(`edge-${job.ref.region}-1`, Date.now() - began)] })),
    ];
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
    fleet: { snapshot: async () => ({ sensors: [], summary: {} as never }) },
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
    ...{ role: 'module', name: 'my', module: join(folder, 'my.wasm'), parameters: ['x'], env: { A: 'b' }, once: true },
    proxyUrl: `http://proxy-of-${(network.submitted[0] as ModuleJob).region}`,
  });
  expect(result).toMatchObject({ running: 2, completed: 0, downloaded: false });
  expect(result.seconds).toBeGreaterThanOrEqual(3);
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

test('one that exits with an error soon after its start has failed, with its last words', async () => {
  stateOf = (node, ms) =>
    node === 'edge-eu-1' && ms > 1000 ? execution(node, 'failed', 'no config') : execution(node, 'running');
  await expect(deploy()).rejects.toMatchObject({
    code: 'MODULE_FAILED',
    message: 'my failed on edge-eu-1',
    details: ['edge-eu-1: no config'],
  });
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
  stopModule({ network, fleet: { annotate: async (facts) => void annotated.push(facts) }, token: 't' }, name, {
    takeOver,
    regions,
  });

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
