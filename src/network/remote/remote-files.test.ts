/** What a remote network keeps in the state folder. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hostnameForwarded, keepHostnameForwarded } from './hostname-forwarding.js';
import { forgetSecrets, keepSecrets, readSecrets } from './remote-network.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'remote-files-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

test('secrets are readable for their owner only, and gone when they are forgotten; what is known of nodes stays', () => {
  const secrets = { sensorEnv: { SENSOR_TOKEN: 't' }, credentials: { username: 'me', password: 'pw' } };
  keepSecrets(stateDir, secrets);
  keepHostnameForwarded({ stateDir, api: { host: 'h', port: 1 }, region: 'eu' }, true);
  expect(readSecrets(stateDir)).toEqual(secrets);
  expect(statSync(join(stateDir, 'remote', 'secrets.json')).mode & 0o777).toBe(0o600);
  forgetSecrets(stateDir);
  expect(readSecrets(stateDir)).toEqual({ sensorEnv: {} });
  expect(readdirSync(join(stateDir, 'remote'))).toEqual(['forwarding']);
});

test('whether HOSTNAME is forwarded is known of a region of one cluster, whatever their names', () => {
  const place = (region: string, host = '10.0.0.5') => ({ stateDir, api: { host, port: 1234 }, region });
  for (const [region, forwarded] of [
    ['eu', true],
    ['us', false],
    ['as/1', true],
  ] as const) {
    expect(hostnameForwarded(place(region))).toBeUndefined();
    keepHostnameForwarded(place(region), forwarded);
    expect(hostnameForwarded(place(region))).toBe(forwarded);
  }
  expect(hostnameForwarded(place('eu', '::1'))).toBeUndefined();
});
