import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { SensorView } from '../../fleet/fleet-view.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { FakeNetwork, sensorView } from '../../test/support/fake-network.js';
import { editConfigFile } from './edit-region-file.js';

const folder = mkdtempSync(join(tmpdir(), 'config-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'eu.yaml');
const BEFORE = 'color: "#111111"\n';

let network: FakeNetwork;
let sensors: SensorView[];

beforeEach(() => {
  writeFileSync(file, BEFORE);
  network = new FakeNetwork();
  network.configFile = () => ({ here: file, onNode: file }) as never;
  const sources = { color: 'file', emoji: 'default', random_off: 'default', interval: 'fleet', paused: 'default' };
  const config = { version: 0, file: 'ok', intervalMs: 9000, paused: false, sources };
  sensors = [sensorView('edge-eu-1', { color: '#00ff88', config } as never)];
});

const fleet = { snapshot: async () => ({ sensors, summary: {} }) } as unknown as FleetClient;
const edit = (text: string, region = 'eu') =>
  editConfigFile({ network, fleet }, region, {
    edit: async (path) => writeFileSync(path, text),
    timeoutMs: 1,
    onProgress() {},
  });

test('it ends when the sensors do what the file says, and names what the fleet configuration overrides', async () => {
  expect(await edit('color: "#00ff88"\ninterval: 2\n')).toEqual({
    ...{ file, seen: { sensors: 1, read: 1, hidden: ['interval'] } },
  });
});

test('a file that was not changed is not waited for', async () => {
  sensors = [];
  expect(await edit(BEFORE)).toEqual({ file });
});

test('a file that sensors would refuse is restored, and kept beside it', async () => {
  const bad = '{color: "#123123"}\n';
  await expect(edit(bad)).rejects.toMatchObject({ code: 'BAD_FILE', hint: expect.stringContaining(`${file}.refused`) });
  expect([readFileSync(file, 'utf8'), readFileSync(`${file}.refused`, 'utf8')]).toEqual([BEFORE, bad]);
});

test('sensors that do not show it in time are a failure; the file stays', async () => {
  await expect(edit('color: "#222222"\n')).rejects.toMatchObject({ code: 'NOT_CONVERGED' });
  expect(readFileSync(file, 'utf8')).toContain('#222222');
});

test('an unknown region, and nodes whose files are out of reach, are refused before the editor opens', async () => {
  await expect(edit('x', 'mars')).rejects.toMatchObject({ code: 'NO_SUCH_REGION' });
  delete network.configFile;
  await expect(edit('x')).rejects.toMatchObject({ code: 'NOT_OFFERED', message: expect.stringContaining('fake') });
  expect(readFileSync(file, 'utf8')).toBe(BEFORE);
});

test('a failed editor changes nothing', async () => {
  const failing = editConfigFile({ network, fleet }, 'eu', {
    edit: () => Promise.reject(new Error('exit 1')),
    timeoutMs: 1,
    onProgress() {},
  });
  await expect(failing).rejects.toThrow('exit 1');
});
