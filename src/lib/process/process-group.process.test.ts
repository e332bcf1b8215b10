import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { killGroup } from './process-group.js';
import { startTimeOf } from './process-id.js';

const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) killGroup(pid);
});

const RUN = 'setInterval(() => {}, 1000)';
/** A program that starts another one and prints its pid. */
const WRAPPER = `const { spawn } = require('node:child_process');
  const inner = spawn(process.execPath, ['-e', ${JSON.stringify(RUN)}]); console.log(inner.pid); ${RUN}`;

async function startWrapper(): Promise<{ wrapper: ChildProcess; pids: [number, number] }> {
  const wrapper = spawn(process.execPath, ['-e', WRAPPER], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(wrapper.pid!);
  const [line] = await once(wrapper.stdout!, 'data');
  return { wrapper, pids: [wrapper.pid!, Number(line)] };
}

const gone = (pids: number[]) =>
  vi.waitUntil(() => pids.every((pid) => startTimeOf(pid) === undefined), { timeout: 15_000, interval: 20 });

test('a wrapper is killed with the program that it wraps, and killing it again does nothing', async () => {
  const { wrapper, pids } = await startWrapper();
  expect(pids.map(startTimeOf)).toEqual([expect.any(String), expect.any(String)]);
  killGroup(wrapper.pid!);
  await gone(pids);
  killGroup(wrapper.pid!);
});
