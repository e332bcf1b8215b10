/** What reaches the `bacalhau` program, in which order, when jobs are submitted, submitted again and stopped. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobRef } from '../../../jobs/job-ref.js';
import type { JobRequest, PublisherJob } from '../../../jobs/job-request.js';
import { renderJob } from '../../../jobs/render-job.js';
import { createBacalhauClient } from '../../../network/bacalhau/bacalhau-client.js';
import { createBacalhauNetwork } from '../../../network/bacalhau/bacalhau-network.js';
import { ownerOf } from '../../../network/bacalhau/owner.js';
import { normalize, toFailure } from '../normalize.js';

const recorded = (name: string) => `../recorded/documents/order/${name}.txt`;

let stateDir: string;
let lines: string[];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'golden-submit-'));
  lines = [];
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const environment = {
  module: async () => new Uint8Array(8),
  moduleUrl: (_region: string, sha256: string) => `http://p/${sha256}.wasm`,
  forwarded: { edge: ['HOSTNAME'], updater: ['WASM_SENSORS_TOKEN'], services: ['AWS_REGION'] },
};
const publisher: PublisherJob = {
  ...{ role: 'publisher', region: 'eu', proxyUrl: 'http://p', config: {}, submissionTime: 1_750_000_000_000 },
};

interface World {
  jobs?: object[];
  nodes?: object[];
  executions?: object[];
  /** Commands that fail, by their first two words, with what they say. */
  failing?: Record<string, string>;
}

const node = (name: string, labels: object, Status = 'CONNECTED', engines = ['wasm']) => ({
  Info: { NodeID: name, NodeType: 'Compute', Labels: labels, ComputeNodeInfo: { ExecutionEngines: engines } },
  ConnectionState: { Status },
});
const EDGE = node('edge-eu-1', { type: 'edge', region: 'eu' });
const SERVICES = node('web-services-1', { type: 'web-services' });
/** Of `publisher-eu`; also of `publisher-eu-once`, as earlier versions called it. */
function refOf(name: string): JobRef {
  const [, role, region] = /^(publisher|config-updater|proxy|puller)(?:-(\w+))?/.exec(name.replace('once-', ''))!;
  return region === undefined ? { role: role as JobRef['role'] } : { role: role as JobRef['role'], region };
}

const job = (Name: string, over: object = {}) => {
  const { role, region } = refOf(Name);
  const values = Object.entries({ type: 'edge', ...(region === undefined ? {} : { region }) });
  return {
    ...{ ID: `j-of-${Name}`, Name, Namespace: 'default', Type: Name.includes('once') ? 'ops' : 'daemon' },
    Labels: { app: 'wasm-sensors', role, ...(region === undefined ? {} : { region }) },
    Constraints: values.map(([Key, value]) => ({ Key, Operator: '=', Values: [value] })),
    ...{ State: { StateType: 'Running' }, Version: 1, CreateTime: 1, ...over },
  };
};
const execution = (ComputeState: number, DesiredState = 1) => ({
  ...{ ID: 'e-1', NodeID: 'edge-eu-1', CreateTime: 1 },
  ...{ DesiredState: { StateType: DesiredState }, ComputeState: { StateType: ComputeState, Message: 'said' } },
});

function openNetwork({ jobs = [], failing = {}, ...rest }: World) {
  const { nodes = [EDGE, SERVICES], executions = [] } = rest;
  const answers: Record<string, unknown> = {
    'job list': jobs,
    'node list': nodes,
    'job executions': executions,
  };
  const cli = async (args: string[]) => {
    const words = args.slice(0, 2).join(' ');
    lines.push(`  bacalhau ${normalize(args.join(' '), [[stateDir, '<state>']])}`);
    if (failing[words] !== undefined) throw new Error(failing[words]);
    return words in answers ? JSON.stringify(answers[words]) : 'j-new\n';
  };
  const options = {
    client: createBacalhauClient({ path: 'bacalhau', stateDir, api: { host: 'h', port: 1 }, cli }),
    stateDir,
  };
  const network = createBacalhauNetwork({
    ...{ kind: 'native' as const, ...options, environment, sensorProxyUrl: () => 'http://p' },
  });
  return { network, options };
}

/** Reads side by side have no order of their own. */
async function told(title: string, work: () => Promise<unknown>): Promise<void> {
  lines.push('', title);
  const from = lines.length;
  const result = await work().catch(toFailure);
  const calls = lines.splice(from);
  const isRead = (line: string) => / (list|executions|version) /.test(`${line} `);
  const first = calls.findIndex((line) => !isRead(line));
  const reads = first < 0 ? calls : calls.slice(0, first);
  lines.push(...reads.sort(), ...(first < 0 ? [] : calls.slice(first)), `  = ${JSON.stringify(result)}`);
}

async function expectLines(name: string): Promise<void> {
  await expect(`${lines.join('\n').trim()}\n`).toMatchFileSnapshot(recorded(name));
}

const hashOf = async (request: JobRequest) => (await renderJob(request, environment)).hash;

test('submitting a publisher', async () => {
  const submit = (title: string, world: World, request: JobRequest = publisher) =>
    told(title, () => openNetwork(world).network.submit(request));
  const spec = await hashOf(publisher);
  const another = job('publisher-eu');
  const same = { ...another, Labels: { ...another.Labels, spec } };
  const once = { ...publisher, maxMessages: 3 };
  await submit('nothing runs', {});
  await submit('another one runs', { jobs: [job('publisher-eu')] });
  await submit('the same runs', { jobs: [same], executions: [execution(6)] });
  await submit('the same runs, with a failure', { jobs: [same], executions: [execution(10, 2)] });
  await submit('the same runs again after a failure', {
    ...{ jobs: [same], executions: [execution(10, 2), { ...execution(6), ID: 'e-2', CreateTime: 2 }] },
  });
  await submit('the same ran', { jobs: [{ ...same, State: { StateType: 'Stopped' } }] });
  await submit('those that end run', { jobs: [job('publisher-eu-once')] });
  await submit('those that end run, under the name of today', { jobs: [job('once-publisher-eu')] });
  await submit('those that end shall run', { jobs: [job('publisher-eu'), job('publisher-us')] }, once);
  await submit('both run', { jobs: [job('publisher-eu'), job('publisher-eu-once')] });
  await submit('somebody else’s runs', { jobs: [job('publisher-eu', { Labels: { app: 'other' } })] });
  await submit('one of another type runs', { jobs: [job('publisher-eu', { Type: 'batch' })] });
  await submit('one of another type ran', {
    jobs: [job('publisher-eu', { Type: 'batch', State: { StateType: 'Completed' } })],
  });
  await submit('one of another namespace runs', { jobs: [job('publisher-eu', { Namespace: 'dev', Labels: null })] });
  await submit('no node', { nodes: [] });
  await submit('nodes that are cut off', {
    nodes: [node('edge-eu-1', { type: 'edge', region: 'eu' }, 'DISCONNECTED')],
  });
  await submit(
    'nodes that are cut off, for those that end',
    { nodes: [node('edge-eu-1', { type: 'edge', region: 'eu' }, 'DISCONNECTED')] },
    once,
  );
  await submit('nodes without WASM', {
    nodes: [node('edge-eu-1', { type: 'edge', region: 'eu' }, 'CONNECTED', ['docker'])],
  });
  await submit('a stop fails', { jobs: [job('publisher-eu-once')], failing: { 'job stop': 'no connection' } });
  await submit('the submission fails', { failing: { 'job run': 'no connection' } });
  await expectLines('submit-publisher');
});

test('submitting other jobs', async () => {
  const submit = (title: string, world: World, request: JobRequest) =>
    told(title, () => openNetwork(world).network.submit(request));
  const updater: JobRequest = {
    ...{
      role: 'config-updater',
      region: 'eu',
      proxyUrl: 'http://p',
      parameters: ['--color=#123456'],
      submissionTime: 1,
    },
  };
  const proxy: JobRequest = {
    ...{ role: 'proxy', image: 'i', port: 8080, queue: 'q', open: false, args: [], submissionTime: 1 },
  };
  await submit('a config-updater', {}, updater);
  await submit('a config-updater where one ran', { jobs: [job('config-updater-eu', { Type: 'batch' })] }, updater);
  await submit('a proxy', {}, proxy);
  await submit('a proxy beside publishers', { jobs: [job('publisher-eu'), job('proxy', { Type: 'service' })] }, proxy);
  await submit('a puller without a node', { nodes: [EDGE] }, { ...proxy, role: 'puller' });
  await expectLines('submit-others');
});

test('stopping', async () => {
  const stop = (title: string, name: string, world: World) =>
    told(title, () => openNetwork(world).network.stop(refOf(name)));
  await stop('what runs', 'publisher-eu', { jobs: [job('publisher-eu')] });
  await stop('what does not run', 'publisher-eu', { jobs: [] });
  await stop('what ran', 'publisher-eu', { jobs: [job('publisher-eu', { State: { StateType: 'Completed' } })] });
  await stop('somebody else’s', 'publisher-eu', { jobs: [job('publisher-eu', { Labels: {} })] });
  await stop('what ends meanwhile', 'publisher-eu', {
    jobs: [job('publisher-eu')],
    failing: { 'job stop': 'job is already in a terminal state' },
  });
  await expectLines('stop-and-again');
});

test('states of jobs and executions, from Bacalhau’s words and numbers', async () => {
  const states = ['Pending', 'Queued', 'Running', 'Completed', 'Failed', 'Stopped', 'Undefined'];
  const jobs = states.map((StateType) => job(`publisher-${StateType}`, { State: { StateType, Message: 'why' } }));
  const numbers = Array.from({ length: 13 }, (_, number) => number);
  const executions = numbers.flatMap((number) => [0, 1, 2].map((desired) => execution(number, desired)));
  const found = await openNetwork({ jobs, executions }).network.jobs();
  const rows = found.map(({ name, state, message, version, executions }) => {
    return `${name}: ${state}, ${message}, version ${version}, ${executions.length} executions`;
  });
  for (const [i, { state, message }] of found[2]!.executions.entries()) {
    rows.push(`execution ${Math.floor(i / 3)}, desired ${i % 3}: ${state} ${JSON.stringify(message)}`);
  }
  await expect(`${rows.join('\n')}\n`).toMatchFileSnapshot(recorded('states'));
});

test('the document is kept before it is submitted, for its owner only', async () => {
  await openNetwork({}).network.submit(publisher);
  const file = join(stateDir, 'jobs', 'publisher-eu.yaml');
  expect(readdirSync(join(stateDir, 'jobs'))).toEqual(['publisher-eu.yaml']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toBe(
    (await renderJob(publisher, { ...environment, owner: ownerOf(stateDir) })).text,
  );
});
