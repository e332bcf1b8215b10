/** The built reaper, around a process that is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { identify, isAlive, type ProcessId, startTimeOf } from './process-id.js';
import { packageRoot } from './self-command.js';

/** A process that protects `ids` with a reaper, and then goes on, or ends it. */
async function protector(ids: ProcessId[], then = ''): Promise<ProcessId> {
  const reaper = pathToFileURL(`${packageRoot}dist/lib/process/reaper.js`);
  const script = `const { Reaper } = await import('${reaper}'); const reaper = new Reaper();
    reaper.protect(${JSON.stringify(ids)}); ${then}; console.log('ready'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return identify('protector', child.pid!)!;
}

/** Ignores SIGTERM. */
async function deaf(): Promise<ProcessId> {
  const script = `process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return identify('deaf', child.pid!)!;
}

test('after kill -9 of the one that protects, what it protects ends within 3 s; a process that took its pid does not', async () => {
  const [guarded, other] = [await deaf(), await deaf()];
  const killed = await protector([guarded, { ...other, started: '1' }]);
  process.kill(killed.pid, 'SIGKILL');
  await vi.waitUntil(() => !isAlive(guarded), { timeout: 3000, interval: 20 });
  expect(isAlive(other)).toBe(true);
  process.kill(other.pid, 'SIGKILL');
});

test('after it was ended it touches nothing', async () => {
  const guarded = await deaf();
  const killed = await protector([guarded], 'reaper.end()');
  process.kill(killed.pid, 'SIGKILL');
  await vi.waitUntil(() => startTimeOf(killed.pid) === undefined);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(isAlive(guarded)).toBe(true);
  process.kill(guarded.pid, 'SIGKILL');
});
