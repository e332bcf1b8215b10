import { expect, test } from 'vitest';
import { executionsSchema, jobsSchema } from './bacalhau-answers.js';

interface RawJob {
  Name: string;
  Namespace: string;
  Type: string;
  Labels: Record<string, string> | null;
  Constraints: object[];
  Tasks: object[];
  State: object;
}

const raw = (over: Partial<RawJob>) => ({
  ID: 'j-1',
  Name: 'publisher-eu',
  Namespace: 'default',
  Type: 'daemon',
  Labels: { app: 'wasm-sensors', role: 'publisher', region: 'eu' },
  State: { StateType: 'Running', Message: '' },
  Version: 1,
  CreateTime: 1,
  ...over,
});
const read = (job: object) => jobsSchema.parse([job])[0]!;
const refOf = (over: Partial<RawJob>) => {
  const job = raw(over);
  return read({ ...job, Labels: { app: 'wasm-sensors', ...job.Labels } }).ref;
};
const constraints = [
  { Key: 'type', Operator: '=', Values: ['edge'] },
  { Key: 'region', Operator: '=', Values: ['eu'] },
];

test('the labels say what a job is, whatever its name', () => {
  expect(refOf({ Name: 'publisher-us-once' })).toEqual({ role: 'publisher', region: 'eu' });
});

test('a region that is called eu-once is not the region eu', () => {
  const labels = { app: 'wasm-sensors', role: 'publisher', region: 'eu-once' };
  expect(refOf({ Name: 'publisher-eu-once', Labels: labels })).toEqual({
    role: 'publisher',
    region: 'eu-once',
  });
});

test('a region that is called all is not every region', () => {
  const everywhere = [{ Key: 'region', Operator: '!=', Values: ['none'] }];
  const labels = { app: 'wasm-sensors', role: 'publisher' };
  expect(refOf({ Name: 'publisher', Labels: labels, Constraints: everywhere })).toEqual({ role: 'publisher' });
  expect(refOf({ Name: 'publisher-all', Labels: { ...labels, region: 'all' } })).toEqual({
    role: 'publisher',
    region: 'all',
  });
});

test.each([
  [{ app: 'wasm-sensors', role: 'publisher' }, true],
  [{ app: 'wasm-sensors', role: 'archiver' }, false],
  [{ app: 'wasm-sensors' }, false],
  [{ app: 'other', role: 'publisher' }, false],
  [null, false],
])('a job with the labels %j is ours: %s', (Labels, ours) => {
  expect(read(raw({ Name: 'publisher', Labels })).ref !== undefined).toBe(ours);
});

test('without a label the constraint names the region, and the type says that it runs once', () => {
  const labels = { app: 'wasm-sensors', role: 'publisher' };
  const job = { Labels: labels, Constraints: constraints };
  expect(refOf(job)).toEqual({ role: 'publisher', region: 'eu' });
  expect(refOf({ ...job, Type: 'ops' })).toEqual({ role: 'publisher', region: 'eu', runOnce: true });
});

test('services have no region, and what runs once is only a publisher', () => {
  expect(refOf({ Name: 'proxy', Type: 'service', Labels: { role: 'proxy' } })).toEqual({ role: 'proxy' });
  const updater = { role: 'config-updater', region: 'us' };
  expect(refOf({ Type: 'ops', Labels: updater })).toEqual({ role: 'config-updater', region: 'us' });
});

const running = (params: object, over: Partial<RawJob> = {}, Type = 'wasm') =>
  raw({ Tasks: [{ Engine: { Type, Params: params } }], ...over });

test.each([
  [['--color=red', '--proxy=http://a'], 'http://a'],
  [['--proxy', 'http://b', '--region=eu'], 'http://b'],
  [['--proxy'], undefined],
  [['--proxy-token=x'], undefined],
  [[], undefined],
])('the arguments %j send to %s', (parameters, url) => {
  expect(read(running({ parameters })).proxyUrl).toBe(url);
});

test('our own jobs carry their hash', () => {
  expect(read(raw({ Labels: { spec: '1' } })).hash).toBe('1');
  expect(read(raw({})).hash).toBeUndefined();
});

test.each([
  [0, '', 'completed', 'Running'],
  [-1, '', 'completed', 'Running'],
  [1, 'the proxy answered 401\n', 'failed', 'exit code 1: the proxy answered 401'],
  [3, '', 'failed', 'exit code 3'],
])('a module that exits with %i has %j on stderr: %s', (ExitCode, stderr, state, message) => {
  const execution = {
    ...{ ID: 'e', NodeID: 'n', CreateTime: 1, DesiredState: { StateType: 2, Message: '' } },
    ComputeState: { StateType: 9, Message: 'Running' },
    RunOutput: { ExitCode, stderr, ErrorMsg: '' },
  };
  expect(executionsSchema.parse([execution])[0]).toMatchObject({ state, message });
});

test("a relay's job says where its sensors send to, not where it forwards to", () => {
  const parameters = ['relay', 'serve', '--upstream=https://proxy', '--proxy-url=http://10.0.3.7:9090'];
  const job = raw({
    Type: 'service',
    Labels: { app: 'wasm-sensors', role: 'relay', region: 'eu' },
    Tasks: [{ Env: {}, Engine: { Type: 'docker', Params: { parameters } } }],
  });
  expect(read(job)).toMatchObject({ ref: { role: 'relay', region: 'eu' }, proxyUrl: 'http://10.0.3.7:9090' });
});

test('a module of the user is known by its label', () => {
  const job = raw({
    Type: 'ops',
    Labels: { app: 'wasm-sensors', role: 'module', module: 'thermo', region: 'eu' },
  });
  expect(read(job).ref).toEqual({ role: 'module', region: 'eu', name: 'thermo', runOnce: true });
});

test.each([
  [{ Stdout: 'no config\n', stderr: '', ExitCode: 3 }, 'failed', 'exit code 3: no config'],
  [{ Stdout: 'one\n', stderr: 'two\n', ExitCode: 3 }, 'failed', 'exit code 3: one; two'],
  [{ Stdout: '', stderr: '', ExitCode: 3 }, 'failed', 'exit code 3'],
  [{ Stdout: 'done\n', stderr: '', ExitCode: 0 }, 'completed', 'done'],
  [
    { Stdout: 'token=edge-us%201.aB3-_aB3-_aB3-_aB3-_aB3-_aB3-_aB3-_aB3-_aB3\n', stderr: '', ExitCode: 3 },
    'failed',
    'exit code 3: token=***',
  ],
  // It returned from its main function.
  [{ Stdout: '', stderr: '', ExitCode: -1 }, 'completed', ''],
])('a daemon that exited with %j has %s, though Bacalhau calls it failed', (output, state, message) => {
  const exited = {
    ...{ ID: 'e', NodeID: 'n', ModifyTime: 0, CreateTime: 1 },
    ComputeState: { StateType: 10, Message: 'execution completed unexpectedly' },
    DesiredState: { StateType: 2, Message: '' },
    RunOutput: { ...output, ErrorMsg: '' },
  };
  expect(executionsSchema.parse([exited])[0]).toMatchObject({ state, message });
});

// Bacalhau's numbers; an execution that it has accepted runs only where it is wanted to.
test.each([
  [0, 1, 'starting', ''],
  [1, 0, 'starting', ''],
  [1, 1, 'running', ''],
  [1, 2, 'starting', ''],
  [2, 1, 'starting', ''],
  [3, 1, 'starting', ''],
  [4, 1, 'failed', 'said'],
  [5, 1, 'running', ''],
  [5, 2, 'starting', ''],
  [6, 2, 'running', ''],
  [7, 0, 'running', ''],
  [8, 1, 'failed', 'said'],
  [9, 2, 'completed', 'said'],
  [10, 2, 'failed', 'said'],
  [11, 2, 'stopped', 'said'],
  [12, 1, 'starting', ''],
])('an execution of state %i that Bacalhau wants in %i is %s', (state, desired, expected, message) => {
  const execution = {
    ...{ ID: 'e', NodeID: 'n', CreateTime: 1, ModifyTime: 1, DesiredState: { StateType: desired, Message: '' } },
    ComputeState: { StateType: state, Message: 'said' },
  };
  expect(executionsSchema.parse([execution])[0]).toMatchObject({ state: expected, message });
});

test.each([
  ['Pending', 'pending'],
  ['Queued', 'pending'],
  ['Running', 'running'],
  ['Completed', 'completed'],
  ['Failed', 'failed'],
  ['Stopped', 'stopped'],
  ['Something new', 'pending'],
])('a job that Bacalhau calls %s is %s', (StateType, state) => {
  expect(read(raw({ State: { StateType, Message: 'why' } }))).toMatchObject({ state, message: 'why' });
});
