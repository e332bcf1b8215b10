/** What a remote network keeps in the state folder. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetSecrets, keepSecrets, readSecrets } from './remote-network.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'remote-files-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

test('secrets are readable for their owner only, and gone when they are forgotten', () => {
  const secrets = { sensorEnv: { SENSOR_TOKEN: 't' }, credentials: { username: 'me', password: 'pw' } };
  keepSecrets(stateDir, secrets);
  expect(readSecrets(stateDir)).toEqual(secrets);
  expect(statSync(join(stateDir, 'remote', 'secrets.json')).mode & 0o777).toBe(0o600);
  forgetSecrets(stateDir);
  expect(readSecrets(stateDir)).toEqual({ sensorEnv: {} });
  expect(readdirSync(join(stateDir, 'remote'))).toEqual([]);
});
