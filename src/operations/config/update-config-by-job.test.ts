import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Convergence } from '../../fleet/fleet-view.js';
import type { ConfigUpdaterJob } from '../../jobs/job-request.js';
import { type DesiredConfigStore, desiredConfigStore } from '../../proxy/desired-config-store.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { edgeNode, execution, FakeNetwork, jobInfo } from '../../test/support/fake-network.js';
import { updateConfigByJob, updateFileByJob } from './update-config-by-job.js';

const NOW = 1_750_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'updater-'));
afterAll(() => rmSync(folder, { recursive: true }));

let network: FakeNetwork;
let desired: DesiredConfigStore;
let convergence: Partial<Convergence>;
let submitted: () => void;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  network = new FakeNetwork();
  desired = desiredConfigStore();
  desired.patch({ scope: {}, set: { emoji: 1 }, unset: [] }, NOW - 1000);
  convergence = { sensors: 3, converged: 3, newest: desired.state.version };
  network.onSubmit = () => submitted();
  submitted = () => void desired.patch({ scope: {}, set: { color: '#00ff88' }, unset: [] }, Date.now());
});
afterEach(() => {
  vi.useRealTimers();
});

const fleet = {
  convergence: async () => ({ pending: [], gone: 0, ...convergence }),
  snapshot: async () => ({ sensors: [], summary: { relays: [] } }),
} as unknown as FleetClient;
const proxy = { url: 'http://p', state: async () => desired.state } as ProxyClient;

async function update(request: Partial<Parameters<typeof updateConfigByJob>[1]> = {}) {
  const options = { timeoutMs: 4000, onProgress() {} };
  const running = updateConfigByJob(
    { network, fleet, proxy },
    { set: { color: '#00ff88' }, scope: {}, ...request },
    options,
  ).catch((error) => error);
  await vi.advanceTimersByTimeAsync(8000);
  return running;
}
const parameters = () => (network.submitted[0] as ConfigUpdaterJob).parameters;

test('the job runs on a connected node, and it ends when the sensors have converged', async () => {
  network.nodeList = [
    edgeNode('web-us-1', { type: 'web-services' }),
    edgeNode('edge-us-1', { connected: false }),
    edgeNode('edge-eu-1', { unschedulable: 'no engine' }),
    edgeNode('edge-as-1'),
  ];
  expect(await update()).toMatchObject({
    ...{ job: 'config-updater-as', region: 'as', sensors: 3, converged: 3 },
  });
  expect(network.submitted).toMatchObject([{ role: 'config-updater', region: 'as', proxyUrl: 'http://proxy-of-as' }]);
  expect(parameters()).toEqual(['--color=#00ff88', `--seen=${convergence.newest}`]);
  network.nodeList = network.nodeList.slice(0, 3);
  expect(await update()).toMatchObject({ code: 'NO_NODES' });
});

test('values and scope are parameters of the module; --from chooses the node', async () => {
  const set = { random_off: true, interval: 2 };
  expect(await update({ set, scope: { region: 'us' }, from: 'eu' })).toMatchObject({ region: 'eu' });
  expect(parameters().slice(0, 3)).toEqual(['--random-off=true', '--interval=2', '--region=us']);
});

test('a change of one host names it', async () => {
  await update({ scope: { hostname: 'edge-us-1' } });
  expect(parameters()).toContain('--hostname=edge-us-1');
});

test('a proxy that lost what sensors still have is not changed', async () => {
  convergence.newest = desired.state.version + 1;
  expect(await update()).toMatchObject({
    code: 'STATE_LOST',
    message: expect.stringContaining(String(convergence.newest)),
  });
  const state = vi.spyOn(proxy, 'state').mockResolvedValue({ ...desired.state, lost: 9 });
  expect(await update()).toMatchObject({ code: 'STATE_LOST', message: expect.stringMatching(/version 9\b/) });
  state.mockRestore();
  expect(network.submitted).toEqual([]);
});

test('a failed execution is a failure with what it says; the job’s own words where it has none', async () => {
  submitted = () => {
    const executions = [execution('edge-us-1', 'failed', 'exit 1'), execution('edge-us-1', 'running')];
    network.jobList = [jobInfo({ role: 'config-updater', region: 'us' }, { executions })];
  };
  expect(await update()).toMatchObject({ code: 'UPDATER_FAILED', details: ['edge-us-1: exit 1'] });
  submitted = () => {
    network.jobList = [jobInfo({ role: 'config-updater', region: 'us' }, { state: 'failed', message: 'no node' })];
  };
  expect(await update()).toMatchObject({ code: 'UPDATER_FAILED', details: ['no node'] });
});

test('a job that changes nothing is given up; jobs of others do not matter', async () => {
  const jobs = vi.spyOn(network, 'jobs');
  submitted = () => {
    network.jobList.push(jobInfo({ role: 'publisher', region: 'us' }, { state: 'failed' }));
  };
  expect(await update()).toMatchObject({ code: 'UPDATER_TIMEOUT', message: expect.stringContaining('within 4 s') });
  // To list them costs more than to ask whether the change has arrived.
  expect(jobs.mock.calls.length).toBeLessThan(10);
  // Nor does a job that is not listed.
  submitted = () => {
    network.jobList = [];
  };
  expect(await update()).toMatchObject({ code: 'UPDATER_TIMEOUT' });
});

test('the job writes the file of its region, and it ends when the job has completed and sensors have read it', async () => {
  // The module that reads the file needs real time.
  vi.useRealTimers();
  const file = join(folder, 'eu.yaml');
  network.configFile = () => ({ here: file, onNode: file }) as never;
  network.jobList = [jobInfo({ role: 'publisher', region: 'us' }, { state: 'completed' })];
  let isDone = false;
  submitted = () => {
    writeFileSync(file, 'color: "#00ff88"\n');
    setTimeout(() => {
      isDone = true;
      network.jobList = [jobInfo({ role: 'config-updater', region: 'eu' }, { state: 'completed' })];
    }, 20);
  };
  const options = { timeoutMs: 4000, onProgress() {} };
  const request = { set: { color: '#00ff88' }, region: 'eu' };
  expect(await updateFileByJob({ network, fleet }, request, options)).toEqual({
    ...{ file, job: 'config-updater-eu', region: 'eu', seen: { sensors: 0, read: 0, hidden: [] } },
  });
  expect(isDone).toBe(true);
  expect(network.submitted).toMatchObject([{ configFile: file, parameters: ['--color=#00ff88'] }]);
});
