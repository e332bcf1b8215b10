import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identify, isAlive, signalAll, startTimeOf, stopProcesses } from './process-id.js';

// Processes are what the system says of them: here a table of start times, by pid.
const world = vi.hoisted(() => ({
  started: new Map<number, string>(),
  /** What `/proc/<pid>/stat` or `ps` prints, where it is not made from the table. */
  printed: undefined as string | undefined,
  calls: [] as string[],
  slept: [] as number[],
}));
const stat = (pid: number, state: string, started: string) =>
  `${pid} (a) b () ${[state, ...Array.from({ length: 18 }, (_, i) => i), started, 'more'].join(' ')}`;

vi.mock('node:fs', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:fs')>()),
  readFileSync: (path: string) => {
    world.calls.push(`read ${path}`);
    const pid = Number(/\d+/.exec(path)?.[0]);
    const started = world.started.get(pid);
    if (world.printed !== undefined) return world.printed;
    if (started === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return stat(pid, 'S', started);
  },
}));
vi.mock('node:child_process', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:child_process')>()),
  execFileSync: (program: string, args: string[]) => {
    world.calls.push([program, ...args].join(' '));
    return world.printed ?? '';
  },
}));
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => {
    world.slept.push(ms);
    vi.setSystemTime(Date.now() + ms);
  },
}));

let signals: string[];
/** Pids that exit at a signal. */
let exitsAt: Record<number, string>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  Object.assign(world, { started: new Map(), printed: undefined, calls: [], slept: [] });
  signals = [];
  exitsAt = {};
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    if (!world.started.has(pid)) throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
    signals.push(`${signal} ${pid}`);
    if (exitsAt[pid] === signal) world.started.delete(pid);
    return true;
  });
  on('linux');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});
const on = (platform: NodeJS.Platform) => vi.spyOn(process, 'platform', 'get').mockReturnValue(platform);
function runs(...pids: number[]) {
  for (const pid of pids) world.started.set(pid, `start of ${pid}`.replaceAll(' ', '-'));
  return pids.map((pid) => identify(String(pid), pid)!);
}

test('on Linux the start time is in the process table; the name may have brackets and spaces', () => {
  world.started.set(7, '4711');
  expect(startTimeOf(7)).toBe('4711');
  expect(world.calls).toEqual(['read /proc/7/stat']);
  expect(startTimeOf(8)).toBeUndefined();
  world.printed = stat(7, 'Z', '4711');
  expect(startTimeOf(7)).toBeUndefined();
});

test.each([
  ['Ss   Wed Nov 25 04:00:00 2026\n', 'Wed Nov 25 04:00:00 2026'],
  ['Z    Wed Nov 25 04:00:00 2026\n', undefined],
  ['\n', undefined],
])('elsewhere `ps` prints it: %j is %j', (printed, started) => {
  on('darwin');
  world.printed = printed;
  expect(startTimeOf(7)).toBe(started);
  expect(world.calls).toEqual(['ps -o stat=,lstart= -p 7']);
});

test('a process is alive as long as its pid has the same start time', () => {
  const [id] = runs(7);
  expect(id).toEqual({ name: '7', pid: 7, started: 'start-of-7' });
  expect(isAlive(id!)).toBe(true);
  world.started.set(7, 'later');
  expect(isAlive(id!)).toBe(false);
  world.started.delete(7);
  expect([isAlive(id!), identify('x', 7)]).toEqual([false, undefined]);
  expect(isAlive({ ...id!, started: undefined as unknown as string })).toBe(false);
});

test('signals go to those that still run', () => {
  const ids = runs(7, 8);
  world.started.set(8, 'another process');
  signalAll(ids, 'SIGTERM');
  expect(signals).toEqual(['SIGTERM 7']);
  vi.mocked(process.kill).mockImplementation(() => {
    throw new Error('kill ESRCH');
  });
  signalAll(ids, 'SIGTERM');
});

test('those that exit at SIGTERM are not killed, and nothing waits longer than it must', async () => {
  const ids = runs(7, 8, 9);
  world.started.delete(9);
  exitsAt = { 7: 'SIGTERM', 8: 'SIGTERM' };
  expect((await stopProcesses(ids, 1000)).map(({ pid }) => pid)).toEqual([7, 8]);
  expect(signals).toEqual(['SIGTERM 7', 'SIGTERM 8']);
  expect(world.slept).toEqual([]);
});

test('those that ignore SIGTERM are killed after the grace time', async () => {
  const ids = runs(7, 8);
  exitsAt = { 7: 'SIGTERM', 8: 'SIGKILL' };
  expect(await stopProcesses(ids, 100)).toEqual(ids);
  expect(signals).toEqual(['SIGTERM 7', 'SIGTERM 8', 'SIGKILL 8']);
  expect(world.slept.reduce((sum, ms) => sum + ms, 0)).toBe(100);
});

test('a killed process is waited for', async () => {
  const ids = runs(7);
  vi.mocked(process.kill).mockImplementation((pid, signal) => {
    if (signal === 'SIGKILL') queueMicrotask(() => world.started.delete(pid));
    return true;
  });
  await stopProcesses(ids, 0);
  expect(ids.map(isAlive)).toEqual([false]);
  expect(world.slept).toEqual([10]);
});
