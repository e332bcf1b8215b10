import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ProcessId, stopProcesses } from './process-id.js';
import { type ChildEvent, type ChildSpec, Supervisor } from './supervisor.js';

// No process runs and no time passes here: a child is a number, and a pause ends when the test says so.
const world = vi.hoisted(() => ({
  spawned: [] as { command: string; args: string[]; options: { stdio: unknown[]; detached: boolean; cwd?: string } }[],
  children: [] as (EventEmitter & { pid: number | undefined; kill: (signal: string) => void })[],
  killed: [] as string[],
  /** Whether the next children can be started at all. */
  startable: true,
  pauses: [] as { ms: number; end(): void }[],
  closed: [] as number[],
  logs: 0,
}));

vi.mock('./reaper.js', () => ({
  Reaper: class {
    protect() {}
    end() {}
  },
}));
vi.mock('node:child_process', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:child_process')>()),
  spawn(command: string, args: string[], options: (typeof world.spawned)[0]['options']) {
    world.spawned.push({ command, args, options });
    const child = Object.assign(new EventEmitter(), {
      pid: world.startable ? world.spawned.length : undefined,
      kill: (signal: string) => world.killed.push(signal),
    });
    world.children.push(child);
    return child;
  },
}));
vi.mock('node:fs', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:fs')>()),
  mkdirSync: vi.fn(),
  closeSync: (fd: number) => world.closed.push(fd),
}));
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number, value: unknown) =>
    new Promise((resolve) => world.pauses.push({ ms, end: () => resolve(value) })),
}));
vi.mock('./log-file.js', () => ({
  openLog: () => ({ fd: 90 + world.logs, from: 1000 * world.logs++ }),
  lastLines: (path: string, count: number, from: number) => [`${count} lines of ${path} from ${from}`],
}));
vi.mock('./process-id.js', () => ({
  identify: (name: string, pid: number): ProcessId => ({ name, pid, started: 'now' }),
  signalAll: vi.fn(),
  stopProcesses: vi.fn(async (ids: ProcessId[]) => ids),
}));

let supervisor: Supervisor;
let events: ChildEvent[];
let changes: number[][];

beforeEach(() => {
  Object.assign(world, { spawned: [], children: [], killed: [], startable: true, pauses: [], closed: [], logs: 0 });
  vi.mocked(stopProcesses).mockClear();
  supervisor = new Supervisor('/logs');
  events = [];
  changes = [];
  supervisor.on('event', (event) => events.push(event));
  supervisor.on('change', () => changes.push(supervisor.running.map(({ pid }) => pid)));
});
afterEach(async () => {
  // Changes of a moment are reported together, after it.
  await settle();
  vi.restoreAllMocks();
});

/** Lets everything happen that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
const spec = (over: Partial<ChildSpec> = {}): ChildSpec => ({
  ...{ name: 'a', command: 'node', args: ['x'], ready: 'ipc' },
  ...over,
});
const latest = () => world.children.at(-1)!;
const reportReady = () => latest().emit('message', { ready: {} });
async function exit(code: number | null, signal: string | null = null): Promise<void> {
  latest().emit('exit', code, signal);
  await settle();
}
async function started(over: Partial<ChildSpec> = {}): Promise<void> {
  const start = supervisor.start(spec(over));
  reportReady();
  await start;
}
const pause = () => world.pauses.at(-1)!;
async function endPause(): Promise<void> {
  pause().end();
  await settle();
}

test('a child has its own process group, its output in a log and a channel only where it reports readiness', async () => {
  await started({ cwd: '/work' });
  expect(world.spawned[0]).toMatchObject({
    ...{ command: 'node', args: ['x'] },
    options: { stdio: ['ignore', 90, 90, 'ipc'], detached: true, cwd: '/work' },
  });
  await supervisor.start(spec({ name: 'b', ready: async () => {} }));
  expect(world.spawned[1]!.options.stdio).toEqual(['ignore', 91, 91]);
  expect('cwd' in world.spawned[1]!.options).toBe(false);
  expect(world.closed).toEqual([90, 91]);
});

test('start resolves at the first message, not before', async () => {
  let ready = false;
  const start = supervisor.start(spec()).then(() => {
    ready = true;
  });
  await settle();
  expect(ready).toBe(false);
  expect(events).toEqual([]);
  reportReady();
  await start;
  expect(events).toEqual([{ type: 'child.ready', name: 'a', pid: 1, afterMs: expect.any(Number) }]);
  await settle();
  expect(changes).toEqual([[1]]);
});

test('a child that exits while its readiness is looked for aborts the look', async () => {
  let signal: AbortSignal | undefined;
  const start = supervisor.start(
    spec({
      ready: (given) => {
        signal = given;
        return new Promise(() => {});
      },
    }),
  );
  expect(signal?.aborted).toBe(false);
  const failed = expect(start).rejects.toMatchObject({ code: 'CHILD_FAILED', message: 'a did not start: exit code 0' });
  await exit(0);
  await failed;
  expect(signal?.aborted).toBe(true);
});

test.each<[Partial<ChildSpec>, () => unknown, object]>([
  [{}, () => exit(1), { code: 'CHILD_FAILED', fault: 'system', exitCode: 1, message: 'a did not start: exit code 1' }],
  [{}, () => exit(2), { code: 'CHILD_REFUSED', fault: 'user', exitCode: 2, message: 'a did not start: exit code 2' }],
  [
    { ready: () => new Promise(() => {}) },
    () => exit(2),
    { code: 'CHILD_FAILED', fault: 'system', exitCode: 1, message: 'a did not start: exit code 2' },
  ],
  [{}, () => exit(null, 'SIGABRT'), { code: 'CHILD_FAILED', message: 'a did not start: killed by SIGABRT' }],
  [
    {},
    () => latest().emit('error', Object.assign(new Error('spawn node ENOENT'), { code: 'ENOENT' })),
    { code: 'CHILD_FAILED', message: 'a did not start: ENOENT' },
  ],
  [{}, () => latest().emit('error', new Error('no code')), { message: 'a did not start: no code' }],
  [{}, () => endPause(), { code: 'CHILD_FAILED', message: 'a did not start: not ready after 20 s' }],
  [{ readyTimeoutMs: 1500 }, () => endPause(), { message: 'a did not start: not ready after 1.5 s' }],
])('%j that fails to start (%s) is %j', async (over, fail, error) => {
  const start = supervisor.start(spec(over));
  const failed = expect(start).rejects.toMatchObject({
    ...error,
    hint: 'Its log is /logs/a.log.',
    details: ['10 lines of /logs/a.log from 0'],
  });
  await fail();
  await failed;
  expect([supervisor.running, events]).toEqual([[], []]);
});

test('a child that is late is stopped', async () => {
  const start = supervisor.start(spec({ readyTimeoutMs: 50, graceMs: 7 }));
  const failed = expect(start).rejects.toMatchObject({ code: 'CHILD_FAILED' });
  expect(pause().ms).toBe(50);
  await endPause();
  await failed;
  expect(vi.mocked(stopProcesses).mock.calls).toEqual([[[{ name: 'a', pid: 1, started: 'now' }], 7]]);
});

test('a child that keeps trying is started again until it is ready, and only then has started', async () => {
  let ready = false;
  const start = supervisor.start(spec({ keepsTrying: true })).then(() => {
    ready = true;
  });
  await exit(1);
  expect(events.at(-1)).toMatchObject({ type: 'child.exited', how: 'a did not start: exit code 1' });
  await endPause();
  expect(ready).toBe(false);
  reportReady();
  await start;
  expect(world.spawned).toHaveLength(2);
});

test('a child that keeps trying and is stopped has not started', async () => {
  const start = supervisor.start(spec({ keepsTrying: true }));
  const failed = expect(start).rejects.toMatchObject({ code: 'CHILD_FAILED' });
  await exit(1);
  await supervisor.stop(['a']);
  await endPause();
  await failed;
  expect(world.spawned).toHaveLength(1);
});

test('the pause before a restart doubles with each exit, up to five seconds', async () => {
  await started();
  const pauses: number[] = [];
  for (let round = 0; round < 8; round++) {
    await exit(7);
    pauses.push(pause().ms);
    expect(events.at(-1)).toEqual({
      ...{ type: 'child.exited', name: 'a', how: 'exit code 7', restartInMs: pauses.at(-1) },
      lastLines: [`3 lines of /logs/a.log from ${round * 1000}`],
    });
    expect(supervisor.running).toEqual([]);
    await endPause();
    reportReady();
    await settle();
    expect(events.at(-1)).toEqual({ type: 'child.restarted', name: 'a', pid: round + 2 });
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

test.each([
  [10_000, 200],
  [10_001, 100],
])('after a run of %i ms the next pause is %i ms', async (ranMs, restartInMs) => {
  const now = vi.spyOn(Date, 'now').mockReturnValue(50_000);
  await started();
  await exit(1);
  await endPause();
  reportReady();
  await settle();
  now.mockReturnValue(50_000 + ranMs);
  await exit(1);
  expect(pause().ms).toBe(restartInMs);
});

test('the late end of a killed run is not that of the next, which is stopped like any other', async () => {
  await started();
  await exit(1);
  await endPause();
  const killed = latest();
  // Not ready in time, and killed; then the next one starts.
  await endPause();
  await endPause();
  killed.emit('exit', null, 'SIGKILL');
  await settle();
  vi.mocked(stopProcesses).mockClear();
  await supervisor.stop(['a']);
  expect(vi.mocked(stopProcesses).mock.calls[0]![0]).toEqual([{ name: 'a', pid: 3, started: 'now' }]);
});

test('a restart that fails is followed by another one, after what is left of it was stopped', async () => {
  await started({ graceMs: 9 });
  await exit(1);
  await endPause();
  // Not ready in time.
  await endPause();
  expect(vi.mocked(stopProcesses).mock.calls).toEqual([[[{ name: 'a', pid: 2, started: 'now' }], 9]]);
  expect(events.at(-1)).toMatchObject({
    ...{ type: 'child.exited', how: 'a did not start: not ready after 20 s', restartInMs: 200 },
  });
});

test('a child that is stopped is not restarted: while it runs, in the pause, and while it restarts', async () => {
  await started();
  await supervisor.stop(['a', 'unknown']);
  await exit(0);
  expect(world.spawned).toHaveLength(1);
  await started({ name: 'b' });
  await exit(1);
  await supervisor.stop(['b']);
  await endPause();
  expect(world.spawned).toHaveLength(2);
  await started({ name: 'c' });
  await exit(1);
  await endPause();
  await supervisor.stop(['c']);
  await exit(null, 'SIGTERM');
  expect(world.spawned).toHaveLength(4);
  expect(events.filter(({ type }) => type === 'child.restarted')).toEqual([]);
});

test('stop forgets the children, reports the change, and gives each its grace time', async () => {
  await started();
  await started({ name: 'b', graceMs: 60_000 });
  await settle();
  changes = [];
  await supervisor.stop(['b', 'a']);
  expect(vi.mocked(stopProcesses).mock.calls.map(([ids, graceMs]) => [ids[0]?.name, graceMs])).toEqual([
    ['b', 60_000],
    ['a', 5_000],
  ]);
  await settle();
  expect([supervisor.running, changes]).toEqual([[], [[]]]);
});

test('a closed supervisor starts nothing', async () => {
  supervisor.close();
  await expect(supervisor.start(spec())).rejects.toThrow('a is not started');
  expect([world.spawned, supervisor.running]).toEqual([[], []]);
});

test('an adopted process counts among those that run until it is released; changes of a moment are one', async () => {
  const release = supervisor.adopt('mine', 7);
  supervisor.adopt('mine', 8);
  await settle();
  release();
  await settle();
  expect(changes).toEqual([[7, 8], [8]]);
});

test('a listener of change that fails is reported', async () => {
  supervisor.on('change', () => {
    throw new Error('no space left');
  });
  supervisor.adopt('mine', 7);
  await settle();
  expect(events).toEqual([{ type: 'change.lost', reason: 'no space left' }]);
});
