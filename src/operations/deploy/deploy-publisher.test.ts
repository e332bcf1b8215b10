/** Deploying over a fake network, fleet view and clock: what is submitted, waited for, reported and refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SensorView } from '../../fleet/fleet-view.js';
import type { RelayView } from '../../fleet/relays.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { nothingDesired } from '../../protocol/desired-config.js';
import { MAX_SUBMISSION_AHEAD_MS } from '../../protocol/message.js';
import { type DesiredConfigStore, desiredConfigStore } from '../../proxy/desired-config-store.js';
import type { PullerAppStats } from '../../puller/puller-app.js';
import { edgeNode, execution, FakeNetwork, jobInfo, sensorView } from '../../test/support/fake-network.js';
import { tinyModule } from '../../test/support/tiny-module.js';
import { type DeployOptions, type DeployResult, deployPublisher } from './deploy-publisher.js';

const NOW = 1_750_000_000_000;
let stateDir: string;
let network: FakeNetwork;
let known: number[];
let clockAheadMs: number;
/** Sensors that were deployed before. */
let keeping: () => SensorView[];
let relays: Partial<RelayView>[];
let progress: string[];
/** Sensors of this submission by region, and of any. */
let fresh: Record<string, number>;
let any: Record<string, number>;
let desired: DesiredConfigStore;
let proxyState: () => Promise<ReturnType<typeof nothingDesired>>;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'deploy-'));
  vi.useFakeTimers({ now: NOW });
  network = new FakeNetwork();
  known = [];
  clockAheadMs = 0;
  keeping = () => [];
  relays = [];
  progress = [];
  fresh = { us: 1, eu: 1, as: 1 };
  any = {};
  desired = desiredConfigStore();
  proxyState = async () => desired.state;
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(stateDir, { recursive: true });
});

const fleet = {
  snapshot: async () => ({
    sensors: [...known.map((time, i) => sensorView(`edge-us-${i}`, { job_submission_time: time })), ...keeping()],
    summary: { relays } as never,
  }),
  stats: async () => ({ clockAheadMs }) as PullerAppStats,
  countSince: async (submission: number) => (submission === 0 ? any : fresh),
};

/** Runs it while time passes; the outcome and how long it took. */
async function deploy(options: Partial<DeployOptions> = {}, forMs = 60_000) {
  let result: DeployResult | undefined;
  let error: unknown;
  const target = { network, fleet, proxy: { state: () => proxyState(), putModule: async () => {} }, stateDir };
  const running = deployPublisher(target, {
    ...{
      config: {},
      kept: 'delivered' as const,
      timeoutMs: 1000,
      timeoutHint: 'wait',
      onProgress: (step) => progress.push(step),
    },
    ...options,
  }).then(
    (value) => {
      result = value;
    },
    (reason) => {
      error = reason;
    },
  );
  for (let passed = 0; passed < forMs && !result && !error; passed += 50) {
    await vi.advanceTimersByTimeAsync(50);
  }
  await running;
  if (error) throw error;
  return result!;
}

test('each region gets a job with its own proxy, and it ends when every connected node reports', async () => {
  network.nodeList.push(edgeNode('edge-eu-2', { connected: false }), edgeNode('edge-us-2'));
  fresh = { us: 2, eu: 1, as: 1 };
  const result = await deploy({ config: { color: '#00ff88' }, maxMessages: 5 });
  expect(network.submitted.map((job) => ({ ...job, submissionTime: 0 }))).toEqual(
    ['us', 'eu', 'as'].map((region) => ({
      ...{ role: 'publisher', region, proxyUrl: `http://proxy-of-${region}`, config: { color: '#00ff88' } },
      ...{ submissionTime: 0, maxMessages: 5 },
    })),
  );
  const region = (name: string, expected: number, pending = 0) => ({
    ...{ region: name, jobId: `j-once-publisher-${name}`, unchanged: false, expected, seen: expected, pending },
  });
  expect(result.regions).toEqual([region('us', 2), region('eu', 1, 1), region('as', 1)]);
  expect(result.submissionTime).toBe(
    network.submitted[0] && 'submissionTime' in network.submitted[0] ? network.submitted[0].submissionTime : 0,
  );
  expect(result.facts).toEqual([]);
  expect(progress).toEqual(['submitting the publisher', '4/4 sensors reporting']);
});

test('only named regions are deployed, to the proxy and with the file that were given', async () => {
  await deploy({ regions: ['eu'], proxy: 'http://other:1/', configFile: '/etc/x.yaml' });
  expect(network.submitted).toMatchObject([{ region: 'eu', proxyUrl: 'http://other:1', configFile: '/etc/x.yaml' }]);
  await expect(deploy({ regions: ['mars'] })).rejects.toMatchObject({ code: 'NO_SUCH_REGION', exitCode: 2 });
});

test('a proxy is a URL, or a name that the network has', async () => {
  network.proxyNames = { 'web-services': 'http://10.0.0.7:8080' };
  await deploy({ regions: ['eu'], proxy: 'web-services' });
  expect(network.submitted[0]).toMatchObject({ proxyUrl: 'http://10.0.0.7:8080' });
  for (const proxy of ['ftp://x', 'elsewhere', 'constructor']) {
    await expect(deploy({ proxy })).rejects.toMatchObject({
      ...{ code: 'BAD_OPTION', hint: 'Give a URL, or web-services.' },
    });
  }
  delete network.proxyNames;
  await expect(deploy({ proxy: 'web-services' })).rejects.toMatchObject({ code: 'BAD_OPTION', hint: undefined });
  expect(network.submitted).toHaveLength(1);
});

test("the region's own file is used, and a given path is one from here where nodes see this machine's files", async () => {
  network.configFile = (region) => ({ here: `/s/${region}.yaml`, onNode: `/s/${region}.yaml` }) as never;
  await deploy({ regions: ['eu'] });
  await deploy({ regions: ['eu'], configFile: 'mine.yaml' });
  network.configFile = (region) => ({ here: `/s/${region}.yaml`, onNode: `/app/${region}.yaml` }) as never;
  await deploy({ regions: ['eu'], configFile: 'mine.yaml' });
  await deploy({ regions: ['eu'] });
  expect(network.submitted).toMatchObject([
    ...[{ configFile: '/s/eu.yaml' }, { configFile: resolve('mine.yaml') }],
    ...[{ configFile: 'mine.yaml' }, { configFile: '/app/eu.yaml' }],
  ]);
});

const HOUR = 3_600_000;
test.each([
  ['the clock was set back', [5000, 9000], 0, 9001],
  ['the clock is 8 h behind', [7 * HOUR, 8 * HOUR], -8 * HOUR, 8 * HOUR + 1],
  ['one has the time of now', [0], 0, 1],
  ['a time is at the limit of what proxies take', [MAX_SUBMISSION_AHEAD_MS], 0, MAX_SUBMISSION_AHEAD_MS + 1],
  // Proxies would refuse what is newer than that.
  ['one was submitted while the clock was 8 h ahead', [-1000, 8 * HOUR], 0, 0],
  ['all are older', [-9000, -1], 0, 0],
])('a submission is newer than every known one: %s', async (_, ahead, clockAhead, expected) => {
  known = ahead.map((ms) => NOW + ms);
  clockAheadMs = clockAhead;
  const { submissionTime } = await deploy();
  expect(submissionTime - NOW).toBe(expected);
});

test('an unchanged job counts readings of older submissions, too', async () => {
  network.submission = { unchanged: true };
  fresh = {};
  any = { us: 1, eu: 1, as: 1 };
  expect((await deploy()).regions.map(({ unchanged, seen }) => [unchanged, seen])).toEqual(Array(3).fill([true, 1]));
  network.submission = {};
  await expect(deploy()).rejects.toMatchObject({ code: 'DEPLOY_TIMEOUT' });
});

test('it gives up when no further sensor reports in time, and names what was seen', async () => {
  fresh = { us: 1 };
  setTimeout(() => {
    fresh = { us: 1, eu: 1 };
  }, 800);
  await expect(deploy()).rejects.toMatchObject({
    ...{ code: 'DEPLOY_TIMEOUT', hint: 'wait', message: expect.stringContaining('within 1 s') },
    details: ['us: 1 of 1 sensors reporting', 'eu: 1 of 1 sensors reporting', 'as: 0 of 1 sensors reporting'],
  });
  // The second sensor gave it another second.
  expect(Date.now() - NOW).toBeGreaterThan(1750);
  expect(Date.now() - NOW).toBeLessThan(2500);
});

test('more sensors of one region do not make up for those of another', async () => {
  fresh = { us: 9, eu: 1 };
  await expect(deploy()).rejects.toMatchObject({ code: 'DEPLOY_TIMEOUT' });
});

test('a node that is cut off meanwhile is not waited for', async () => {
  fresh = { us: 1, eu: 1 };
  setTimeout(() => {
    network.nodeList = network.nodeList.map((node) => (node.region === 'as' ? { ...node, connected: false } : node));
  }, 100);
  const { regions } = await deploy({ timeoutMs: 5000 });
  expect(regions.at(-1)).toMatchObject({ region: 'as', expected: 0, seen: 0, pending: 1 });
});

test('an execution that failed on a connected node ends the wait, with what it says', async () => {
  fresh = { us: 1 };
  network.onSubmit = () => {
    network.jobList = [
      jobInfo(
        { role: 'publisher', region: 'eu' },
        { executions: [execution('edge-eu-1', 'failed', 'no proxy'), execution('edge-as-1', 'running')] },
      ),
    ];
  };
  await expect(deploy({ timeoutMs: 30_000 })).rejects.toMatchObject({
    ...{ code: 'DEPLOY_FAILED', message: '1 publisher failed', details: ['edge-eu-1: no proxy'] },
  });
  expect(Date.now() - NOW).toBeLessThan(5000);
});

test('a module that can send nothing replaces nothing', async () => {
  const module = join(stateDir, 'plain.wasm');
  writeFileSync(module, tinyModule({ imports: ['wasi_snapshot_preview1 fd_write'] }));
  await expect(deploy({ module })).rejects.toMatchObject({
    ...{ code: 'MODULE_REFUSED', message: 'plain.wasm is no sensor: it does not import http_request' },
    hint: expect.stringContaining('deploy module'),
  });
  expect(network.submitted).toEqual([]);
});

test('sensors that complete before they send end the wait, unless they are to stop by themselves', async () => {
  fresh = { us: 1 };
  network.onSubmit = ({ role }) => {
    const executions = [execution('edge-eu-1', 'completed', 'bye'), execution('edge-as-1', 'completed')];
    network.jobList = [jobInfo({ role, region: 'eu' }, { executions, state: 'completed' })];
  };
  await expect(deploy({ timeoutMs: 30_000 })).rejects.toMatchObject({
    ...{ code: 'DEPLOY_FAILED', message: '2 publishers failed' },
    details: ['edge-eu-1: it completed: bye', 'edge-as-1: it completed'],
  });
  expect(Date.now() - NOW).toBeLessThan(5000);
  await expect(deploy({ timeoutMs: 4000, maxMessages: 3 })).rejects.toMatchObject({ code: 'DEPLOY_TIMEOUT' });
});

test('failures of the past, of other jobs and of nodes that are gone are none of this deployment', async () => {
  fresh = { us: 1 };
  network.nodeList[2]!.connected = false;
  network.onSubmit = () => {
    network.jobList = [
      jobInfo({ role: 'publisher', region: 'mars' }, { state: 'failed' }),
      jobInfo(
        { role: 'publisher', region: 'eu' },
        {
          executions: [
            execution('edge-eu-1', 'failed', 'old'),
            execution('edge-eu-1', 'running'),
            execution('edge-as-1', 'failed', 'gone'),
          ],
        },
      ),
    ];
  };
  await expect(deploy({ timeoutMs: 4000 })).rejects.toMatchObject({ code: 'DEPLOY_TIMEOUT' });
});

test('a job that failed as a whole ends the wait; a network that does not answer does not', async () => {
  fresh = {};
  network.onSubmit = ({ role }) => {
    const failed = { state: 'failed', message: 'no node' } as const;
    network.jobList = ['us', 'eu', 'as'].map((region) => jobInfo({ role, region }, region === 'us' ? {} : failed));
  };
  await expect(deploy({ timeoutMs: 30_000 })).rejects.toMatchObject({
    message: '2 publishers failed',
    details: ['publisher-eu: no node', 'publisher-as: no node'],
  });
  let asked = 0;
  network.jobs = async () => {
    asked++;
    throw new AppError('BACALHAU_API_UNREACHABLE', 'gone');
  };
  network.onSubmit = () => {};
  await expect(deploy({ regions: undefined as never, timeoutMs: 4000 })).rejects.toMatchObject({
    code: 'DEPLOY_TIMEOUT',
  });
  expect(asked).toBeGreaterThan(0);
});

test('facts: of submissions once each, of unschedulable nodes, of a job for all regions', async () => {
  network.submission = { facts: [{ type: 'hostname.not-forwarded', region: 'eu' }] };
  network.nodeList.push(edgeNode('edge-eu-2', { unschedulable: 'no engine' }));
  network.jobList = [jobInfo({ role: 'publisher' })];
  expect((await deploy()).facts).toEqual([
    { type: 'hostname.not-forwarded', region: 'eu' },
    { type: 'all-regions-job.stopped' },
    { type: 'node.unschedulable', node: 'edge-eu-2', reason: 'no engine' },
  ]);
  expect(network.stopped).toEqual([{ role: 'publisher' }]);
  network.submission = {};
  network.nodeList.pop();
  network.jobList = [jobInfo({ role: 'publisher' })];
  expect((await deploy({ regions: ['eu'] })).facts).toEqual([{ type: 'all-regions-job.running' }]);
  expect(network.stopped).toHaveLength(1);
});

test('facts: given values that the fleet configuration overrides, for sensors of these regions only', async () => {
  desired.patch({ scope: {}, set: { color: '#ff0000', emoji: 3 }, unset: [] }, NOW);
  desired.patch({ scope: { region: 'us' }, set: { interval: 2 }, unset: [] }, NOW);
  for (const hostname of ['edge-us-1', 'edge-eu-1', 'elsewhere'])
    desired.patch({ scope: { hostname }, set: { interval: 9 }, unset: [] }, NOW);
  const config = { color: '#00ff88', interval: 1 };
  expect((await deploy({ config })).facts).toEqual([
    { type: 'config.overridden', scope: {}, fields: ['color'] },
    { type: 'config.overridden', scope: { region: 'us' }, fields: ['interval'] },
    { type: 'config.overridden', scope: { hostname: 'edge-us-1' }, fields: ['interval'] },
    { type: 'config.overridden', scope: { hostname: 'edge-eu-1' }, fields: ['interval'] },
  ]);
  expect((await deploy({ config, regions: ['eu'] })).facts).toEqual([
    { type: 'config.overridden', scope: {}, fields: ['color'] },
    { type: 'config.overridden', scope: { hostname: 'edge-eu-1' }, fields: ['interval'] },
  ]);
  expect((await deploy({ config: { random_off: true } })).facts).toEqual([]);
  network.nodeList = Array.from({ length: 5 }, (_, i) => edgeNode(`edge-us-${i + 1}`));
  for (const { name: hostname } of network.nodeList)
    desired.patch({ scope: { hostname }, set: { color: '#123456' }, unset: [] }, NOW);
  fresh = { us: 5 };
  const { facts } = await deploy({ config: { color: '#00ff88' } });
  expect(facts).toHaveLength(1 + 3 + 1);
  expect(facts.at(-1)).toEqual({ type: 'config.overridden-by-more', hosts: 2 });
});

test('a proxy that does not answer is no failure of the deployment', async () => {
  proxyState = () => Promise.reject(new AppError('PROXY_GONE', 'gone'));
  expect((await deploy({ config: { color: '#00ff88' } })).facts).toEqual([]);
});

test('jobs of another state folder are replaced only on demand; those without an owner are ours', async () => {
  network.owner = 'mine';
  const job = (region: string, over: object) => jobInfo({ role: 'publisher', region }, over);
  network.jobList = [job('us', { owner: 'mine' }), job('as', {}), job('eu', { owner: 'theirs', state: 'stopped' })];
  await deploy({ regions: undefined as never });
  expect(network.submitted).toHaveLength(3);
  network.jobList = [job('eu', { owner: 'theirs', proxyUrl: 'http://theirs' })];
  await deploy({ regions: ['us', 'as'] });
  expect(network.submitted).toHaveLength(5);
  const refused = { code: 'JOBS_OF_OTHERS', details: ['publisher-eu of theirs sends to http://theirs'] };
  await expect(deploy({ regions: undefined as never })).rejects.toMatchObject(refused);
  expect(network.submitted).toHaveLength(5);
  await deploy({ regions: ['eu'], takeOver: true });
  expect(network.submitted).toHaveLength(6);
});

/** On each node a sensor, of which the network says that it runs; `account` says what its ledger has. */
function deployedBefore(account: (hostname: string) => Partial<SensorView>): void {
  network.jobList = ['us', 'eu', 'as'].map((region) =>
    jobInfo(
      { role: 'publisher', region },
      { proxyUrl: `http://proxy-of-${region}`, executions: [execution(`edge-${region}-1`, 'running')] },
    ),
  );
  network.proxyNames = { elsewhere: 'http://of-the-network' };
  const { nodeList } = network;
  keeping = () => nodeList.map(({ name }) => sensorView(name, { waiting: 0, unaccounted: 0, ...account(name) }));
}

test('nothing is replaced before sensors of connected nodes have delivered what they keep', async () => {
  let waiting = 30;
  const runs = () => deployedBefore((name) => (name === 'edge-eu-1' ? { waiting } : {}));
  runs();
  const submittedAt: number[] = [];
  network.onSubmit = () => submittedAt.push(Date.now() - NOW);
  setTimeout(() => {
    waiting = 0;
  }, 700);
  await deploy();
  expect(Math.min(...submittedAt)).toBeGreaterThanOrEqual(700);
  expect(progress[0]).toBe('waiting until sensors have delivered what they keep: 30 readings');
  waiting = 30;
  runs();
  await expect(deploy()).rejects.toMatchObject({
    ...{ code: 'READINGS_KEPT', details: ['edge-eu-1 (eu) keeps 30'], hint: expect.stringContaining('--now') },
  });
  expect(network.submitted).toHaveLength(3);
  await deploy({ timeoutMs: 60_000, kept: 'soon' });
  expect(network.submitted).toHaveLength(6);
});

test('what can deliver nothing is not waited for: sensors that have ended, are cut off, or send elsewhere', async () => {
  deployedBefore(() => ({ waiting: 30 }));
  const [us, eu, as] = network.jobList;
  us!.executions = [execution('edge-us-1', 'failed')];
  eu!.proxyUrl = 'http://elsewhere';
  as!.proxyUrl = 'http://proxy-of-as/';
  network.nodeList[2]!.connected = false;
  const { regions } = await deploy();
  expect(regions.map(({ region, pending, kept }) => [region, pending, kept])).toEqual([
    ['us', 0, undefined],
    ['eu', 0, undefined],
    ['as', 1, { sensors: 1, readings: 30 }],
  ]);
});

test('what is on a relay’s disk is not waited for', async () => {
  // For 10 s after a cut it is not known that it keeps them.
  relays = [{ region: 'eu', backlog: 0, away: false }];
  deployedBefore((name) => (name === 'edge-us-1' ? {} : { waiting: 30 }));
  await expect(deploy()).rejects.toMatchObject({ details: ['edge-as-1 (as) keeps 30'] });
});

test('--now submits at once, without a handover', async () => {
  deployedBefore(() => ({ waiting: 30 }));
  const { unaccounted } = await deploy({ kept: 'given-up' });
  expect([network.submittedNow, unaccounted, progress[0]]).toEqual([true, 0, 'submitting the publisher']);
});

test('--now replaces sensors that are cut off, too, where the network does so: they run, and keep nothing', async () => {
  deployedBefore(() => ({ waiting: 30 }));
  network.nodeList.find(({ region }) => region === 'as')!.connected = false;
  const ofAs = ({ regions }: DeployResult) => regions.find(({ region }) => region === 'as');
  expect(ofAs(await deploy({ kept: 'given-up' }))).toMatchObject({ pending: 1, kept: { readings: 30 } });
  network.handsOver = true;
  const as = ofAs(await deploy({ kept: 'given-up' }));
  expect(as).toMatchObject({ pending: 1, unseen: true });
  expect(as).not.toHaveProperty('kept');
});

test('it ends when the last readings of the sensors before are stored, or have not come for a while', async () => {
  // Another one, which is not replaced.
  known = [1];
  let unaccounted = 3;
  const runs = () => deployedBefore((name) => (name === 'edge-eu-1' ? { unaccounted, state } : {}));
  let state: SensorView['state'] = 'live';
  runs();
  network.onSubmit = () => {
    unaccounted = 8;
    state = 'replaced';
  };
  setTimeout(() => {
    unaccounted = 3;
  }, 1000);
  expect(await deploy()).toMatchObject({ unaccounted: 0 });
  expect(Date.now() - NOW).toBeGreaterThanOrEqual(1000);
  expect(progress.at(-1)).toBe('waiting for the last readings of the sensors before: 5');
  const began = Date.now();
  state = 'live';
  runs();
  expect(await deploy()).toMatchObject({ unaccounted: 5 });
  expect(Date.now() - began).toBeLessThan(8000);
});

test.each([
  [true, 'wait'],
  [false, 'Nothing answers at http://other:1, where these sensors send to (asked from here).'],
])('sensors that do not report to a proxy that answers (%s) are a failure with a hint', async (ok, hint) => {
  fresh = {};
  vi.stubGlobal('fetch', async () => new Response('', { status: ok ? 200 : 502 }));
  await expect(deploy({ proxy: 'http://other:1' })).rejects.toMatchObject({
    ...{ code: 'DEPLOY_TIMEOUT', hint, details: expect.arrayContaining(['eu: 0 of 1 sensors reporting']) },
  });
  vi.unstubAllGlobals();
});

test('where sensors run on until new ones report, a failure says so', async () => {
  fresh = { us: 1 };
  network.handsOver = true;
  await expect(deploy()).rejects.toMatchObject({ details: expect.not.arrayContaining([RUN_ON]) });
  deployedBefore(() => ({}));
  await expect(deploy()).rejects.toMatchObject({ code: 'DEPLOY_TIMEOUT', details: expect.arrayContaining([RUN_ON]) });
});
const RUN_ON = 'the sensors before run on where no new one reports';

test('undo submits what ran before, with the options of each region', async () => {
  await deploy({ config: { color: '#000001' }, profile: 'weather', proxy: 'http://other' });
  await deploy({ config: { color: '#000002' }, regions: ['eu'] });
  await deploy({ config: { color: '#000003' }, regions: ['us'] });
  const { regions } = await deploy({ undo: true });
  expect(regions.map(({ region }) => region)).toEqual(['us', 'eu']);
  expect(network.submitted.slice(-2)).toMatchObject(
    ['us', 'eu'].map((region) => ({
      ...{ region, config: { color: '#000001' }, profile: 'weather', proxyUrl: 'http://other' },
    })),
  );
  await expect(deploy({ undo: true, regions: ['as'] })).rejects.toMatchObject({ code: 'NOTHING_TO_UNDO' });
  await deploy({ undo: true });
  expect(network.submitted.slice(-2).map((job) => 'config' in job && job.config.color)).toEqual(['#000003', '#000002']);
});
