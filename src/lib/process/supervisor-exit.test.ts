import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ProcessId, stopProcesses } from './process-id.js';
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

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervisor-exit-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const spec = (name: string): ChildSpec => ({ name, command: 'none', args: [], ready: async () => {} });
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
