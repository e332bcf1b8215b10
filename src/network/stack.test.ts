import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { keepSecrets } from './remote/secrets.js';
import { writeRunState } from './run-state.js';
import { cleanUp } from './stack.js';

it('leaves no secrets of a remote network whose `up` was killed', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'stack-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true }));
  keepSecrets(stateDir, { sensorEnv: { SENSOR_TOKEN: 'secret' } });
  writeRunState(stateDir, {
    ...{ up: { name: 'up', pid: process.pid, started: 'long ago' }, network: 'remote', phase: 'ready', control: '' },
    ...{ began: 0, endpoints: { proxy: '', puller: '' }, facts: {}, children: [] },
  });
  expect(await cleanUp(stateDir)).toEqual([]);
  expect(existsSync(join(stateDir, 'remote', 'secrets.json'))).toBe(false);
});
