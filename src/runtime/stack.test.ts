/** How a stack ends when things go wrong: nothing waits for ever, and nothing is left to be seen. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Supervisor } from '../lib/process/supervisor.js';
import type { Network } from '../network/network.js';
import type { NetworkProvider, Services } from '../network/provider.js';
import { keepSecrets } from '../network/remote/remote-secrets.js';
import { removeOrphans } from './orphans.js';
import { readRunState, writeRunState } from './run-state.js';
import { Stack } from './stack.js';

let stateDir: string;
let ended: string[];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'stack-'));
  ended = [];
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

/** `stopNetwork`: how the network stops. */
function makeStack(stopNetwork: () => Promise<void>): { stack: Stack; supervisor: Supervisor } {
  const supervisor = new Supervisor(join(stateDir, 'logs'));
  const services: Services = {
    endpoints: { proxy: 'http://127.0.0.1:1', puller: 'http://127.0.0.1:2' },
    start: async () => {},
    movePuller: async () => '',
    stop: async () => void ended.push('services'),
  };
  const plan = { start: async () => ({ connection: {} }), stop: stopNetwork };
  const provider = { kind: 'embedded', capabilities: {}, open: () => ({}) as Network } as unknown as NetworkProvider;
  const options = {
    network: { provider, plan, proxyUrl: '' },
    run: { stateDir, token: 't', settings: {} },
    services,
    supervisor,
    onStop() {},
  };
  return { stack: new Stack(options), supervisor };
}

test("a network that can't be stopped keeps nothing else: no control API, no run state, and its failure is told", async () => {
  const { stack } = makeStack(() => Promise.reject(new Error('the engine is gone')));
  await stack.start();
  const { control } = readRunState(stateDir)!;
  await expect(stack.stop()).rejects.toThrow('the engine is gone');
  expect(ended).toEqual(['services']);
  await expect(fetch(control)).rejects.toThrow();
  expect(readRunState(stateDir)).toBeUndefined();
});

test('no secrets stay of a remote network whose `up` was killed', async () => {
  keepSecrets(stateDir, { sensorEnv: { SENSOR_TOKEN: 'secret' } });
  writeRunState(stateDir, {
    ...{ up: { name: 'up', pid: process.pid, started: 'long ago' }, kind: 'remote', phase: 'ready', control: '' },
    ...{ began: 0, endpoints: { proxy: '', puller: '' }, connection: {}, settings: {}, children: [] },
  });
  expect(await removeOrphans(stateDir)).toEqual({ removed: [], kept: [] });
  expect(existsSync(join(stateDir, 'remote', 'secrets.json'))).toBe(false);
});
