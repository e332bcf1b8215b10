import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ProcessId } from './process-id.js';
import { Supervisor } from './supervisor.js';

// No process runs and no time passes here: a child is an emitter, and pauses are over at once.
const world = vi.hoisted(() => ({ children: [] as EventEmitter[], pauses: [] as number[] }));
vi.mock('node:child_process', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:child_process')>()),
  spawn: () => {
    const child = Object.assign(new EventEmitter(), { pid: world.children.length + 1, kill: () => true });
    world.children.push(child);
    return child;
  },
}));
vi.mock('node:timers/promises', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:timers/promises')>()),
  // With a value it is the time limit of a start, which is never over.
  setTimeout: async (ms: number, value?: unknown) => {
    if (value !== undefined) await new Promise(() => {});
    world.pauses.push(ms);
  },
}));
vi.mock('./process-id.js', () => ({
  identify: (name: string, pid: number): ProcessId => ({ name, pid, started: 'now' }),
  isAlive: () => true,
  signalAll: () => {},
  stopProcesses: async (ids: ProcessId[]) => ids,
}));

let folder: string;
let supervisor: Supervisor;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  folder = mkdtempSync(join(tmpdir(), 'supervisor-restarts-'));
  [world.children, world.pauses] = [[], []];
  supervisor = new Supervisor(folder);
  await supervisor.start({ name: 'a', command: 'none', args: [], ready: async () => {} });
});
afterEach(async () => {
  await supervisor.stop(['a']);
  rmSync(folder, { recursive: true });
  vi.useRealTimers();
});

/** The child that runs ends after so many milliseconds, and is started again. */
async function end(livedMs: number): Promise<void> {
  const { length } = world.children;
  vi.setSystemTime(Date.now() + livedMs);
  world.children.at(-1)!.emit('exit', 1, null);
  while (world.children.length === length) await new Promise(setImmediate);
  // The new one is ready in this turn.
  await new Promise(setImmediate);
}

test('a child that ends again and again is started after a pause that doubles up to five seconds', async () => {
  for (let i = 0; i < 9; i++) await end(100);
  expect(world.pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
});

test('one that ran well for ten seconds begins with the shortest pause again', async () => {
  for (let i = 0; i < 3; i++) await end(100);
  await end(10_000);
  await end(10_001);
  await end(100);
  expect(world.pauses).toEqual([100, 200, 400, 800, 100, 200]);
});
