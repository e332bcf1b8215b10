import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadSettings } from '../../../config/load-settings.js';
import type { SettingKey } from '../../../config/settings.js';
import type { RunState } from '../../../runtime/run-state.js';
import { askedFor, differences } from './up-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'up-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

function asking(flags: Partial<Record<SettingKey, unknown>>, registry = false) {
  const { values, provenance } = loadSettings(flags, folder, {});
  return { settings: values, provenance, options: { registry } };
}

const endpoints = { proxy: 'http://127.0.0.1:9999', puller: 'http://127.0.0.1:9091' };
const running = ({ settings, options }: ReturnType<typeof asking>) =>
  JSON.parse(JSON.stringify({ endpoints, settings: askedFor(settings, options.registry) })) as RunState;

test('what is asked for and is not so in what runs is named, with what runs', () => {
  const state = running(asking({}));
  expect(differences(asking({ nodes: '3', queue: 'q' }, true), state)).toEqual([
    { setting: '--nodes', wanted: '3', running: '1' },
    { setting: '--queue', wanted: 'q' },
    { setting: '--registry' },
  ]);
});

test('what is equal, left out, any port or the port that runs is no difference', () => {
  const state = running(asking({ nodes: '3', sinks: 'store,log', proxyPort: '9090' }, true));
  expect(differences(asking({}), state)).toEqual([]);
  expect(differences(asking({ nodes: 3, sinks: 'store,log' }, true), state)).toEqual([]);
  expect(differences(asking({ pullerPort: '0', proxyPort: '9999' }), state)).toEqual([]);
  expect(differences(asking({ proxyPort: '9095' }), state)).toHaveLength(1);
  // The puller holds it.
  expect(differences(asking({ proxyPort: '9091' }), state)).toEqual([
    { setting: '--port', wanted: '9091', running: '9999' },
  ]);
});

test('no secret is kept', () => {
  writeFileSync(join(folder, 'secret'), 'sekret');
  const secrets = { token: 'secret', sensorToken: 'secret', webhook: 'http://sekret', apiPassword: 'secret' };
  expect(JSON.stringify(askedFor(asking(secrets).settings, false))).not.toContain('sekret');
});
