/** Service jobs over a fake network: what replaces what, in which order, and what is put back when it fails. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { JobRef, ServiceJob } from '../../jobs/job-request.js';
import type { ExecutionInfo, JobInfo, Network } from '../../network/network.js';
import { deployService, refuseProxyInUse, stopService } from './deploy-service.js';

const url = 'http://127.0.0.1:8081';
let calls: string[];
let answering: (path: string) => boolean;
let jobs: JobInfo[];
let nodes: Awaited<ReturnType<Network['nodes']>>;

beforeEach(() => {
  calls = [];
  answering = () => true;
  jobs = [job('j1', 'running', [execution('running')])];
  nodes = [{ name: 'web', region: '', type: 'web-services', connected: true }];
  vi.stubGlobal('fetch', async (asked: string) => new Response('', { status: answering(asked) ? 200 : 503 }));
});
afterEach(() => vi.unstubAllGlobals());

const execution = (state: ExecutionInfo['state'], message = ''): ExecutionInfo => ({
  id: 'e',
  node: 'web',
  state,
  message,
});
const job = (id: string, state: JobInfo['state'], executions: ExecutionInfo[] = [], message = ''): JobInfo => ({
  ...{ id, name: 'proxy', ref: { role: 'proxy' }, version: 1, state, message, executions },
});

const network = {
  nodes: async () => nodes,
  jobs: async () => jobs,
  async submit({ role }: ServiceJob) {
    calls.push(`submit ${role}`);
    return { jobId: 'j1', jobName: role, unchanged: false, facts: [] };
  },
  async stop({ role }: JobRef) {
    calls.push(`stop ${role}`);
    return true;
  },
} as unknown as Network;
const setEndpoints = async (change: object) => void calls.push(JSON.stringify(change));
const deploy = (role: ServiceJob['role'], timeoutMs = 0) =>
  deployService(
    network,
    { job: { role, image: 'r.io/x:1' } as ServiceJob, url },
    { timeoutMs, setEndpoints, onProgress() {}, signal: new AbortController().signal },
  );

test('the proxy runs beside that of `up`, which hears of it when it answers', async () => {
  expect(await deploy('proxy')).toMatchObject({ role: 'proxy', jobId: 'j1', url, image: 'r.io/x:1', unchanged: false });
  expect(calls).toEqual(['submit proxy', `{"jobProxy":"${url}"}`]);
});

test('the job of another state folder is not replaced unasked', async () => {
  const theirs = { ...job('j1', 'running', [execution('running')]), owner: 'theirs' };
  jobs = [theirs];
  const owned = { ...network, owner: 'ours' };
  const deployOver = (takeOver: boolean) =>
    deployService(
      owned,
      { job: { role: 'proxy', image: 'r.io/x:1' } as ServiceJob, url },
      { takeOver, timeoutMs: 0, setEndpoints, onProgress() {}, signal: new AbortController().signal },
    );
  await expect(deployOver(false)).rejects.toMatchObject({
    ...{ code: 'JOBS_OF_OTHERS', hint: expect.stringContaining('--take-over'), details: ['proxy is of theirs'] },
  });
  expect(calls).toEqual([]);
  await deployOver(true);
  expect(calls[0]).toBe('submit proxy');
  // Ours, one that is over, and one of another role are no reason.
  jobs = [
    { ...theirs, owner: 'ours' },
    { ...theirs, state: 'stopped' },
    { ...theirs, ref: { role: 'puller' } },
  ];
  await deployOver(false);
});

test('the puller of `up` stops before its job is submitted: a queue has one consumer', async () => {
  await deploy('puller');
  expect(calls).toEqual([`{"puller":"${url}"}`, 'submit puller']);
});

test('a puller that fails gives its part back to that of `up`', async () => {
  jobs = [job('j1', 'failed', [execution('failed', 'no such image')], 'gave up')];
  answering = () => false;
  await expect(deploy('puller')).rejects.toMatchObject({
    code: 'SERVICE_FAILED',
    details: ['web: no such image', 'gave up'],
  });
  expect(calls).toEqual([`{"puller":"${url}"}`, 'submit puller', 'stop puller', '{"puller":null}']);
});

test.each([
  ['/health does not answer', '/health', [execution('running')]],
  ['/ready does not answer', '/ready', [execution('running')]],
  ['an older job answers, and its own execution does not run', 'none', [execution('starting')]],
  ['its job is not listed', 'none', undefined],
  ['one execution failed and another starts', 'none', [execution('failed'), execution('starting')]],
])('a service is not ready while %s', async (_, silent, executions) => {
  answering = (path) => !path.endsWith(silent);
  jobs = executions ? [job('j1', 'running', executions)] : [];
  await expect(deploy('proxy')).rejects.toMatchObject({ code: 'SERVICE_TIMEOUT' });
});

test('a job for which nothing was ever started says why', async () => {
  jobs = [job('j1', 'failed', [], 'no node has room')];
  await expect(deploy('proxy')).rejects.toMatchObject({ code: 'SERVICE_FAILED', details: ['no node has room'] });
});

test.each([
  ['none', []],
  ['one that is not connected', [{ name: 'web', region: '', type: 'web-services', connected: false }]],
  ['an edge node', [{ name: 'e', region: 'eu', type: 'edge', connected: true }]],
])('with %s for service jobs nothing is submitted', async (_, found) => {
  nodes = found;
  await expect(deploy('puller')).rejects.toMatchObject({ code: 'NO_SERVICES_NODE' });
  expect(calls).toEqual([]);
});

test('a stopped puller is waited for before that of `up` runs again', async () => {
  const looks = [true, true, false];
  answering = () => {
    const answers = looks.shift() ?? false;
    calls.push(answers ? 'answers' : 'gone');
    return answers;
  };
  expect(await stopService(network, 'puller', { url, setEndpoints })).toBe(true);
  expect(calls).toEqual(['stop puller', 'answers', 'answers', 'gone', '{"puller":null}']);
});

test('a stopped proxy leaves the endpoints, also when no job was there', async () => {
  const none = { ...network, stop: async () => false };
  expect(await stopService(none, 'proxy', { url, setEndpoints })).toBe(false);
  expect(calls).toEqual(['{"jobProxy":null}']);
});

test.each([
  ['by its address', url, 'running', true],
  ['by a name of the network', 'http://web:8080', 'running', true],
  ['and were stopped', url, 'stopped', false],
  ['not at all: they use that of `up`', 'http://proxy-of-us', 'running', false],
] as const)('a proxy is not stopped while sensors send to it: %s', async (_, proxyUrl, state, refused) => {
  const ref = { role: 'publisher', region: 'us' } as const;
  const own = {
    jobs: async () => [{ ...job('j2', state), name: 'publisher-us', ref, proxyUrl }],
    proxyNames: { web: 'http://web:8080', up: 'http://proxy-of-us' },
    sensorProxyUrl: (region: string) => `http://proxy-of-${region}`,
  };
  const outcome = refuseProxyInUse(own, url);
  if (refused) await expect(outcome).rejects.toMatchObject({ code: 'PROXY_IN_USE', details: ['publisher-us'] });
  else await outcome;
});
