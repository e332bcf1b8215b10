/** What is looked at before a job is submitted; a stand-in for the program shows what would reach it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PublisherJob } from '../../jobs/job-request.js';
import { renderJob } from '../../jobs/render-job.js';
import type { UserModule } from '../../modules/user-module.js';
import { createBacalhauClient } from './bacalhau-client.js';
import { ownerOf, submitJob } from './submit-job.js';

vi.mock('../../modules/module-files.js', () => ({ readModule: async () => new Uint8Array(8) }));

let stateDir: string;
let calls: string[];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'submit-'));
  calls = [];
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const edge = (Status: string, ExecutionEngines = ['wasm']) => ({
  Info: {
    ...{ NodeID: 'edge-eu-1', NodeType: 'Compute', Labels: { type: 'edge', region: 'eu' } },
    ComputeNodeInfo: { ExecutionEngines },
  },
  ConnectionState: { Status },
});
const job = (Name: string, app: string, change: object = {}) => ({
  ...{ ID: `id-of-${Name}`, Name, Namespace: 'default', Type: Name.startsWith('once-') ? 'ops' : 'daemon' },
  Labels: { app, role: 'publisher', region: Name.split('-').at(-1)! },
  ...{ State: { StateType: 'Running' }, Version: 1, CreateTime: 1 },
  ...change,
});
const publisher: PublisherJob = {
  role: 'publisher',
  region: 'eu',
  proxyUrl: 'http://p',
  config: {},
  submissionTime: 1,
};

const environment = {
  module: async () => new Uint8Array(8),
  moduleUrl: (_region: string, sha256: string) => `http://p/${sha256}.wasm`,
  forwarded: { edge: [], updater: [], services: [] },
};

interface Cluster {
  status?: string;
  engines?: string[];
  executions?: object[];
  /** Where its sensors send to a relay: the proxy behind it. */
  proxyUrl?: string;
}

function submit(request: PublisherJob, jobs: object[], cluster: Cluster = {}) {
  const { status = 'CONNECTED', engines, executions = [], proxyUrl } = cluster;
  const answers: Record<string, unknown> = {
    'job list': jobs,
    'node list': [edge(status, engines)],
    'job executions': executions,
  };
  const cli = async (args: string[]) => {
    const call = args.slice(0, 2).join(' ');
    if (!(call in answers)) calls.push(call === 'job stop' ? args.join(' ') : call);
    return call in answers ? JSON.stringify(answers[call]) : 'j-new';
  };
  const client = createBacalhauClient({ path: 'bacalhau', stateDir, api: { host: 'h', port: 1 }, cli });
  return submitJob(request, {
    client,
    stateDir,
    token: 't',
    forwarded: environment.forwarded,
    sensorProxyUrl: () => 'http://p',
    ...(proxyUrl === undefined ? {} : { proxyUrlOf: () => proxyUrl }),
  });
}

it("refuses to replace somebody else's job of the same name", async () => {
  const submission = submit(publisher, [job('publisher-eu', 'other')]);
  await expect(submission).rejects.toMatchObject({ code: 'NAME_TAKEN', hint: expect.stringMatching(/publisher-eu/) });
  expect(calls).toEqual([]);
});

it('leaves the jobs of other namespaces alone', async () => {
  const theirs = { Namespace: 'dev' };
  const jobs = [job('publisher-eu', 'other', theirs), job('once-publisher-eu', 'wasm-sensors', theirs)];
  expect(await submit(publisher, jobs)).toMatchObject({ unchanged: false });
  expect(calls).toEqual(['job run']);
});

describe('a job that has ended', () => {
  const ended = { State: { StateType: 'Completed' }, Type: 'batch' };

  it.each([
    ['not of this program', 'other'],
    ['of type batch', 'wasm-sensors'],
  ])('%s would be updated by 1.8, and is not', async (what, app) => {
    const submission = submit(publisher, [job('publisher-eu', app, ended)]);
    await expect(submission).rejects.toMatchObject({ code: 'NAME_TAKEN', message: expect.stringContaining(what) });
    expect(calls).toEqual([]);
  });
});

it('ends sensors that run for ever before ones that end, and the other way round', async () => {
  await submit({ ...publisher, maxMessages: 3 }, [
    job('publisher-eu', 'wasm-sensors'),
    job('publisher-us', 'wasm-sensors'),
  ]);
  await submit(publisher, [job('once-publisher-eu', 'wasm-sensors'), job('publisher-eu', 'wasm-sensors')]);
  expect(calls).toEqual(['job stop id-of-publisher-eu', 'job run', 'job stop id-of-once-publisher-eu', 'job run']);
});

it('gives disconnected nodes what runs for ever, and refuses what runs once', async () => {
  expect(await submit(publisher, [], { status: 'DISCONNECTED' })).toMatchObject({ jobId: 'j-new', unchanged: false });
  await expect(submit({ ...publisher, maxMessages: 3 }, [], { status: 'DISCONNECTED' })).rejects.toMatchObject({
    code: 'NO_MATCHING_NODES',
    message: expect.stringContaining('1 such nodes are disconnected'),
  });
});

it('lets nodes download a large module from the proxy, which a relay of their sensors does not have', async () => {
  const module = { bytes: new Uint8Array(500_000), sha256: 'ab'.repeat(32), facts: {} as UserModule['facts'] };
  await submit({ ...publisher, proxyUrl: 'http://relay', module }, [], { proxyUrl: 'http://behind' });
  const text = readFileSync(join(stateDir, 'jobs', 'publisher-eu.yaml'), 'utf8');
  expect(text).toMatch(/URL: http:\/\/behind\/modules\//);
  expect(text).toContain('--proxy=http://relay');
});

describe('a job that sent to another proxy', () => {
  const sending = (url: string) => ({
    Tasks: [{ Engine: { Type: 'wasm', Params: { parameters: [`--proxy=${url}`] } } }],
  });

  it('is named with its version, so that it can be restored', async () => {
    const theirs = job('publisher-eu', 'wasm-sensors', { ...sending('http://theirs'), Version: 4 });
    const rival = job('once-publisher-eu', 'wasm-sensors', sending('http://theirs'));
    expect((await submit(publisher, [theirs, rival])).replaced).toEqual([
      { jobId: 'id-of-publisher-eu', version: 4 },
      { jobId: 'id-of-once-publisher-eu', version: 1 },
    ]);
  });

  it('is not, where nothing was taken: it sends to the same proxy, or is over', async () => {
    const same = job('publisher-eu', 'wasm-sensors', sending('http://p'));
    const over = job('publisher-eu', 'wasm-sensors', { ...sending('http://q'), State: { StateType: 'Stopped' } });
    expect(await submit(publisher, [same])).not.toHaveProperty('replaced');
    expect(await submit(publisher, [over])).not.toHaveProperty('replaced');
  });
});

describe('the same document that runs already', () => {
  const execution = (ID: string, CreateTime: number, ComputeState: number) => ({
    ...{ ID, NodeID: 'edge-eu-1', CreateTime, DesiredState: { StateType: 1 } },
    ComputeState: { StateType: ComputeState, Message: '' },
  });
  const RUNS = 6;
  const FAILED = 10;
  async function submitSame(executions: object[]) {
    const { hash } = await renderJob(publisher, { ...environment, owner: ownerOf(stateDir) });
    const same = job('publisher-eu', 'wasm-sensors');
    return submit(publisher, [{ ...same, Labels: { ...same.Labels, spec: hash } }], { executions });
  }

  it('is not submitted again: its sensors count on', async () => {
    expect(await submitSame([execution('e-1', 1, RUNS)])).toMatchObject({
      unchanged: true,
      jobId: 'id-of-publisher-eu',
    });
    expect(calls).toEqual([]);
  });

  it('is submitted again where it has failed on a node, unless it runs there once more', async () => {
    expect(await submitSame([execution('e-1', 1, FAILED)])).toMatchObject({ unchanged: false, jobId: 'j-new' });
    expect(await submitSame([execution('e-1', 1, FAILED), execution('e-2', 2, RUNS)])).toMatchObject({
      unchanged: true,
    });
  });
});

it('names the nodes that can run no sensors, where there are no others', async () => {
  await expect(submit(publisher, [], { engines: ['docker'] })).rejects.toMatchObject({
    code: 'NO_MATCHING_NODES',
    details: [expect.stringMatching(/^edge-eu-1 .*no WASM engine/)],
  });
});
