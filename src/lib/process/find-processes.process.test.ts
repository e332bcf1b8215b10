import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { processesWith } from './find-processes.js';
import { startTimeOf } from './process-id.js';

test.runIf(process.platform === 'linux')('finds processes by a variable and its value, and no others', async () => {
  const start = async (env: Record<string, string>) => {
    const child = spawn(process.execPath, ['-e', `console.log('ready'); setInterval(() => {}, 1000)`], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout!, 'data');
    return child;
  };
  // The name is not the end of another one's, nor part of a value.
  const children = await Promise.all([
    start({ FIND_ME: 'a b=c', OTHER: '1' }),
    start({ DONT_FIND_ME: '1', TEXT: 'x FIND_ME=1' }),
  ]);
  const { pid } = children[0]!;
  expect(processesWith('FIND_ME')).toEqual([{ pid, started: startTimeOf(pid!), value: 'a b=c' }]);
  for (const child of children) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(processesWith('FIND_ME')).toEqual([]);
});
