/** Small durable files: the order of file calls, so that a power cut leaves the old text or the new one whole. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withFileLock } from '../../../lib/fs/file-lock.js';
import { keepToken } from '../../../lib/net/bearer-token.js';
import { DesiredConfigStore } from '../../../proxy/desired-config-store.js';
import { createProxy } from '../../../proxy/proxy.js';
import type { Queue } from '../../../queue/queue.js';

const { calls, broken } = vi.hoisted(() => ({ calls: [] as string[], broken: { call: '' } }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const paths = new Map<number, string>();
  const nameOf = (argument: unknown) =>
    typeof argument === 'number' ? (paths.get(argument) ?? '?') : String(argument);
  const watched: Record<string, unknown> = {};
  for (const name of [
    ...['openSync', 'writeFileSync', 'writeSync', 'fsyncSync', 'fdatasyncSync', 'closeSync'],
    ...['renameSync', 'linkSync', 'unlinkSync', 'mkdirSync'],
  ] as const) {
    watched[name] = (...args: unknown[]) => {
      const shown = ['renameSync', 'linkSync'].includes(name) ? [args[0], args[1]] : [args[0]];
      const mode = name === 'openSync' && args[2] !== undefined ? `, ${Number(args[2]).toString(8)}` : '';
      const flags = name === 'openSync' ? `, ${args[1]}${mode}` : '';
      calls.push(`${name}(${shown.map(nameOf).join(', ')}${flags})`);
      if (broken.call === name) throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' });
      const result = (fs[name] as (...args: unknown[]) => unknown)(...args);
      if (name === 'openSync') paths.set(result as number, String(args[0]));
      return result;
    };
  }
  return { ...fs, ...watched, default: { ...fs, ...watched } };
});

const recorded = (name: string) => `../recorded/documents/order/${name}.txt`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-files-'));
  mkdirSync(join(folder, 'state'));
  calls.length = 0;
});
afterEach(() => {
  broken.call = '';
  rmSync(folder, { recursive: true });
});

async function expectCalls(name: string): Promise<void> {
  const text = calls.join('\n').replaceAll(folder, '<folder>').replaceAll(`.${process.pid}.`, '.<pid>.');
  await expect(`${text}\n`).toMatchFileSnapshot(recorded(name));
}

test('a file that is replaced', async () => {
  keepToken(join(folder, 'state', 'token'));
  calls.push(`left: ${readdirSync(join(folder, 'state'))}`);
  await expectCalls('file-replaced');
});

test.each(['writeFileSync', 'fsyncSync', 'renameSync'])('a file whose %s fails', async (call) => {
  broken.call = call;
  expect(() => keepToken(join(folder, 'state', 'token'))).toThrow('no space left');
  calls.push(`left: ${readdirSync(join(folder, 'state'))}`);
  await expectCalls(`file-${call}-fails`);
});

test('a lock, which is a file that was not there', async () => {
  await withFileLock(join(folder, 'state', 'deploy.lock'), 1000, async () => void calls.push('-- the work'));
  calls.push(`left: ${readdirSync(join(folder, 'state'))}`);
  await expectCalls('file-lock');
});

test('a change of configuration is answered when it is kept', async () => {
  const desired = new DesiredConfigStore(join(folder, 'state', 'desired.json'), 0);
  const proxy = createProxy({ queue: {} as Queue, desired, guard: { operatorToken: 't' } });
  const patch = () =>
    proxy.app.request('/config', {
      method: 'PATCH',
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
      body: JSON.stringify({ scope: {}, set: { emoji: 1 } }),
    });
  const first = await patch();
  calls.push(`> answered with ${first.status}`);
  broken.call = 'fsyncSync';
  const second = await patch();
  calls.push(`> answered with ${second.status}, holds ${JSON.stringify(Object.keys(desired.state.fleet ?? {}))}`);
  await expectCalls('file-desired');
});
