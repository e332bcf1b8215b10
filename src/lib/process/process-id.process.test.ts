import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { identify, isAlive, type ProcessId, startTimeOf, stopProcesses } from './process-id.js';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process that runs until it is ended. */
async function start(script = ''): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', `${script}; setInterval(() => {}, 1000); console.log('up')`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await once(child.stdout!, 'data');
  return child as ChildProcess & { pid: number };
}

async function ended(child: ChildProcess): Promise<string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.signalCode;
}

test('a process is the same as long as it runs, and not after', async () => {
  const child = await start();
  const id = identify('it', child.pid)!;
  expect(id).toEqual({ name: 'it', pid: child.pid, started: startTimeOf(child.pid) });
  expect(isAlive(id)).toBe(true);
  child.kill('SIGKILL');
  await ended(child);
  expect([isAlive(id), identify('it', child.pid), startTimeOf(child.pid)]).toEqual([false, undefined, undefined]);
});

test('a pid that was given to another process is not mistaken for the first, and is left alone', async () => {
  const child = await start();
  const before = { name: 'ended long ago', pid: child.pid, started: '1' };
  expect(isAlive(before)).toBe(false);
  expect(await stopProcesses([before], 1000)).toEqual([]);
  expect(isAlive(identify('it', child.pid)!)).toBe(true);
});

test('what is no process at all does not run, and nothing waits for it to end', async () => {
  const none = { name: 'none', pid: 'x' } as unknown as ProcessId;
  expect(isAlive(none)).toBe(false);
  expect(await stopProcesses([none], 60_000)).toEqual([]);
});

test('a program with brackets and spaces in its name is identified', async () => {
  const child = await start("process.title = 'a) b ('");
  expect(identify('it', child.pid)?.started).toMatch(process.platform === 'linux' ? /^\d+$/ : /./);
});

test('processes are asked to end, and made to when they do not', async () => {
  const polite = await start("process.on('SIGTERM', () => process.exit(0))");
  const deaf = await start("process.on('SIGTERM', () => {})");
  const gone = await start();
  const ids = [polite, deaf, gone].map((child, i) => identify(String(i), child.pid)!);
  gone.kill('SIGKILL');
  await ended(gone);
  expect((await stopProcesses(ids, 500)).map(({ name }) => name)).toEqual(['0', '1']);
  expect(ids.filter(isAlive)).toEqual([]);
  expect([await ended(polite), await ended(deaf)]).toEqual([null, 'SIGKILL']);
});

test('a stopped process is ended, too', async () => {
  const child = await start();
  child.kill('SIGSTOP');
  const id = identify('stopped', child.pid)!;
  expect(await stopProcesses([id], 100)).toEqual([id]);
  expect(isAlive(id)).toBe(false);
});
