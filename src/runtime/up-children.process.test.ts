import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identify } from '../lib/process/process-id.js';
import { findUpAndChildren } from './up-children.js';

test.runIf(process.platform === 'linux')(
  'finds children by the mark that they carry, and no other processes',
  async () => {
    const up = identify('up', process.pid)!;
    const mark = JSON.stringify(['proxy', up.pid, up.started, '/no such=folder']);
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
      start({ WASM_SENSORS_CHILD_OF: mark, OTHER: '1' }),
      start({ NO_WASM_SENSORS_CHILD_OF: mark, TEXT: `x WASM_SENSORS_CHILD_OF=${mark}` }),
      start({ WASM_SENSORS_CHILD_OF: 'something else' }),
    ]);
    const { pid } = children[0]!;
    expect(findUpAndChildren('/no such=folder')).toEqual({ up, children: [identify('proxy', pid!)] });
    expect(findUpAndChildren('/no such')).toEqual({ up: undefined, children: [] });
    for (const child of children) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(findUpAndChildren('/no such=folder')).toEqual({ up: undefined, children: [] });
  },
);
