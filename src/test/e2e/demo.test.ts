/** The guided tour on the embedded network, and how it ends when somebody interrupts it. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { readRunState } from '../../runtime/run-state.js';
import { eventually, Sandbox } from '../support/cli-harness.js';
import { runWholeDemo } from '../support/demo-suite.js';

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(async () => {
  if (existsSync(demoFolder())) await sandbox.run(['down', '--state-dir', demoFolder()]);
  await sandbox.close();
});

const demoFolder = () => join(sandbox.dir, '.wasm-sensors-demo');
const SMALL = ['demo', '--auto', '--nodes', '2'];

test('every step sees what it must see, with relays, too, and nothing is left', async () => {
  await runWholeDemo('embedded', 2);
  await runWholeDemo('embedded', 2, { WASM_SENSORS_RELAYS: 'true' });
}, 180_000);

/** Starts a demo; resolves with the processes of its network when the first step is done. */
async function started() {
  const running = sandbox.spawn(SMALL, { WASM_SENSORS_SINKS: 'log' });
  await eventually('the first step', () => running.stdout.includes('✓'), 60_000);
  const state = readRunState(demoFolder())!;
  return { running, processes: [state.up, ...state.children] as ProcessId[] };
}

test('after kill -9 the next demo removes what is left; while it runs, another is refused; Ctrl-C stops what it started', async () => {
  // Settings of the user have no effect, and what is in the folder stays.
  writeFileSync(join(sandbox.dir, '.env'), 'SQS_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/1/not-this\n');
  writeFileSync(join(sandbox.dir, 'wasm-sensors.yaml'), 'rate-limit: 0.001\n');
  mkdirSync(sandbox.stateDir);
  const first = await started();
  expect(readRunState(sandbox.stateDir)).toBeUndefined();
  first.running.child.kill('SIGKILL');
  await first.running.ended;
  const second = await started();
  expect(await sandbox.run(SMALL)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('a demo runs in this folder'),
  });
  expect(first.processes.filter(isAlive)).toEqual([]);
  second.running.child.kill('SIGINT');
  expect((await second.running.ended).code).toBe(130);
  expect(second.processes.filter(isAlive)).toEqual([]);
  expect(readdirSync(sandbox.dir).sort()).toEqual(['.env', '.wasm-sensors', 'wasm-sensors.yaml']);
}, 180_000);

test('without a terminal it needs --auto, and without arguments there is the help', async () => {
  expect(await sandbox.run(['demo'])).toMatchObject({ code: 2, stderr: expect.stringContaining('demo --auto') });
  const { stdout, stderr } = await sandbox.run([]);
  expect(stdout + stderr).toContain('Usage: wasm-sensors');
});
