import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ProcessId, signalAll, stopProcesses } from './process-id.js';
import { type ChildSpec, Supervisor } from './supervisor.js';

// No process runs here: a child is a number, and signals are only noted.
let nextPid = 1;
vi.mock('./reaper.js', () => ({
  Reaper: class {
    protect() {}
    end() {}
  },
}));
vi.mock('node:child_process', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:child_process')>()),
  spawn: () => Object.assign(new EventEmitter(), { pid: nextPid++, kill: () => true }),
}));
vi.mock('./process-id.js', () => ({
  identify: (name: string, pid: number): ProcessId => ({ name, pid, started: 'now' }),
  isAlive: () => true,
  signalAll: vi.fn(),
  stopProcesses: vi.fn(async (ids: ProcessId[]) => ids),
}));

// Taken before the imports.
const listenersBefore = vi.hoisted(() => process.listeners('exit'));
/** What happens when this process ends, as far as supervisors are concerned. */
const atExit = () => {
  for (const listener of process.listeners('exit')) if (!listenersBefore.includes(listener)) listener(0);
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervisor-exit-'));
  vi.mocked(signalAll).mockClear();
});
afterEach(() => rmSync(folder, { recursive: true }));

const spec = (name: string): ChildSpec => ({ name, command: 'none', args: [], ready: async () => {} });
/** Names and signals of all that were asked to end. */
const asked = () =>
  vi.mocked(signalAll).mock.calls.flatMap(([ids, signal]) => ids.map(({ name }) => `${name} ${signal}`));

test('however this process ends, its children are asked to end too, of every supervisor', async () => {
  const [first, second] = [new Supervisor(folder), new Supervisor(folder)];
  await first.start(spec('a'));
  await first.start(spec('b'));
  await second.start(spec('c'));
  atExit();
  expect(asked()).toEqual(['a SIGTERM', 'b SIGTERM', 'c SIGTERM']);
  await first.stop(['a', 'b']);
  await second.stop(['c']);
});

test('those that were stopped before are left alone', async () => {
  const supervisor = new Supervisor(folder);
  await supervisor.start(spec('a'));
  await supervisor.start(spec('b'));
  await supervisor.stop(['a']);
  atExit();
  expect(asked()).toEqual(['b SIGTERM']);
  await supervisor.stop(['b']);
  atExit();
  expect(asked()).toEqual(['b SIGTERM']);
});

test('each child has its own grace time, five seconds unless it says another', async () => {
  const supervisor = new Supervisor(folder);
  await supervisor.start(spec('quick'));
  await supervisor.start({ ...spec('slow'), graceMs: 60_000 });
  vi.mocked(stopProcesses).mockClear();
  await supervisor.stop(['slow', 'quick']);
  const graces = vi.mocked(stopProcesses).mock.calls.map(([ids, graceMs]) => [ids[0]?.name, graceMs]);
  expect(graces).toEqual([
    ['slow', 60_000],
    ['quick', 5_000],
  ]);
});

test('once everything ends no child is started, whoever was still about to', async () => {
  const supervisor = new Supervisor(folder);
  supervisor.close();
  await expect(supervisor.start(spec('late'))).rejects.toThrow('late is not started');
  expect(supervisor.running).toEqual([]);
});
