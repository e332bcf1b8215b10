/** How a stack ends when things go wrong: nothing waits for ever, and nothing is left to be seen. */
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Supervisor } from '../lib/supervisor.js';
import type { Centre } from './centre.js';
import type { Network } from './network.js';
import { readRunState } from './run-state.js';
import { Stack } from './stack.js';

let stateDir: string;
let ended: string[];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'stack-'));
  ended = [];
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

/** `stopRunner`: how the runner ends. */
function makeStack(stopRunner: () => Promise<void>): { stack: Stack; supervisor: Supervisor } {
  const supervisor = new Supervisor(join(stateDir, 'logs'));
  const centre: Centre = {
    endpoints: { proxy: 'http://127.0.0.1:1', puller: 'http://127.0.0.1:2' },
    start: async () => {},
    movePuller: async () => '',
    stop: async () => void ended.push('centre'),
  };
  const runner = { start: async () => ({ network: {} as Network, facts: {} }), stop: stopRunner };
  const options = {
    stateDir,
    kind: 'compose',
    token: 't',
    settings: {},
    supervisor,
    centre,
    runner,
    onStop() {},
  } as const;
  return { stack: new Stack(options), supervisor };
}

test('a runner that can not be ended keeps nothing else: no control API, no run state, and its failure is told', async () => {
  const { stack } = makeStack(() => Promise.reject(new Error('the engine is gone')));
  await stack.start();
  const { control } = readRunState(stateDir)!;
  await expect(stack.stop()).rejects.toThrow('the engine is gone');
  expect(ended).toEqual(['centre']);
  await expect(fetch(control)).rejects.toThrow();
  expect(readRunState(stateDir)).toBeUndefined();
});

test.skipIf(!existsSync('/dev/full'))(
  'on a full disk the list of processes stays as it was, and all ends',
  async () => {
    const { stack, supervisor } = makeStack(async () => {});
    await stack.start();
    const temporary = join(stateDir, `run.json.${process.pid}.tmp`);
    symlinkSync('/dev/full', temporary);
    const forget = supervisor.adopt('docker compose', process.pid);
    expect(readRunState(stateDir)?.children).toEqual([]);
    expect(existsSync(temporary)).toBe(false);
    symlinkSync('/dev/full', temporary);
    forget();
    await stack.stop();
    expect(readRunState(stateDir)).toBeUndefined();
  },
);
