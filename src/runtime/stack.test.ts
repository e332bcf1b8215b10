/** How a stack ends when things go wrong: nothing waits for ever, and nothing is left to be seen. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Supervisor } from '../lib/process/supervisor.js';
import type { Network } from '../network/network.js';
import type { Services } from '../network/provider.js';
import { keepSecrets } from '../network/remote/remote-secrets.js';
import { readRunState, writeRunState } from './run-state.js';
import { cleanUp, Stack } from './stack.js';

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
  const centre: Services = {
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

test('no secrets stay of a remote network whose `up` was killed', async () => {
  keepSecrets(stateDir, { sensorEnv: { SENSOR_TOKEN: 'secret' } });
  writeRunState(stateDir, {
    ...{ up: { name: 'up', pid: process.pid, started: 'long ago' }, network: 'remote', phase: 'ready', control: '' },
    ...{ began: 0, endpoints: { proxy: '', puller: '' }, facts: {}, settings: {}, children: [] },
  });
  expect(await cleanUp(stateDir)).toEqual([]);
  expect(existsSync(join(stateDir, 'remote', 'secrets.json'))).toBe(false);
});
