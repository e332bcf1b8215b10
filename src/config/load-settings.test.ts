import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AppError } from '../lib/errors/app-error.js';
import { loadSettings } from './load-settings.js';
import { SETTINGS, type SettingKey } from './settings.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
  for (const { env } of Object.values(SETTINGS)) for (const name of env) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_PROFILE', undefined);
  vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const load = (flags: Partial<Record<SettingKey, unknown>> = {}) => loadSettings(flags, folder);

function failure(flags: Partial<Record<SettingKey, unknown>> = {}): AppError {
  try {
    load(flags);
  } catch (error) {
    return error as AppError;
  }
  throw new Error('it was accepted');
}

test('all files and the environment together', () => {
  write(
    '.env',
    'WASM_SENSORS_NODES=3\nWASM_SENSORS_PROXY_PORT="1003" # quoted\nWASM_SENSORS_HOST=\nWASM_SENSORS_POLLERS=3\n',
  );
  write('wasm-sensors.yaml', 'nodes: 4\nport: 1004\nhost: ::1\nretention: 4\nqueue:\n');
  vi.stubEnv('WASM_SENSORS_NODES', '2');
  const { values, provenance } = load({ pollers: '1' });
  expect(values).toMatchObject({ pollers: 1, nodes: 2, proxyPort: 1003, host: '::1', retention: 4, queuePort: 9324 });
  expect(values.queue).toBeUndefined();
  const keys = ['pollers', 'nodes', 'proxyPort', 'host', 'retention', 'queuePort', 'queue'] as const;
  expect(keys.map((key) => provenance[key].source)).toEqual([
    ...['flag', 'environment', '.env', 'wasm-sensors.yaml', 'wasm-sensors.yaml', 'default', 'default'],
  ]);
});

test('variables that look like ours and set nothing are named, with what was meant and where they are', () => {
  write('.env', 'WASM_SENSORS_NODE=3\nWASM_SENSORS_IMAGE=i\nOTHER=1\nWASM_SENSORS_EMPTY=\n');
  vi.stubEnv('WASM_SENSORS_PULER_PORT', '1');
  vi.stubEnv('WASM_SENSORS_COMMAND', 'npx wasm-sensors');
  expect(load().unknown).toEqual([
    'WASM_SENSORS_PULER_PORT (environment) sets nothing. Did you mean WASM_SENSORS_PULLER_PORT?',
    'WASM_SENSORS_NODE (.env) sets nothing. Did you mean WASM_SENSORS_NODES?',
  ]);
  write('.env', 'WASM_SENSORS_XYZZY=1\n');
  vi.stubEnv('WASM_SENSORS_PULER_PORT', undefined);
  expect(load().unknown).toEqual(['WASM_SENSORS_XYZZY (.env) sets nothing.']);
});

test('without any file everything is its default', () => {
  const { provenance } = load();
  expect(new Set(Object.values(provenance).map(({ source }) => source))).toEqual(new Set(['default']));
});

test("AWS's variables of .env reach AWS's client, but do not replace those of the environment", () => {
  write('.env', 'AWS_PROFILE=from-file\nAWS_ACCESS_KEY_ID=from-file\nWASM_SENSORS_NODES=2\n');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'from-environment');
  load();
  expect(process.env.AWS_PROFILE).toBe('from-file');
  expect(process.env.AWS_ACCESS_KEY_ID).toBe('from-environment');
  expect(process.env.WASM_SENSORS_NODES).toBeUndefined();
});

test('a `.env` with a line that is no assignment is refused', () => {
  write('.env', 'WASM_SENSORS_NODES=2\nWASM_SENSORS_TOKEN my-secret\n');
  expect(failure()).toMatchObject({ code: 'BAD_ENV_FILE', exitCode: 2, message: '.env: line 2 is not NAME=value' });
});

test.each([
  ['half a list', 'sinks: [store\n', 'BAD_YAML', /^wasm-sensors.yaml: .*line/s],
  ['a key twice', 'nodes: 1\nnodes: 2\n', 'BAD_YAML', /^wasm-sensors.yaml: .*unique/s],
  ['a list', '- nodes\n', 'BAD_YAML', /must hold settings/],
  ['a word', 'nodes\n', 'BAD_YAML', /must hold settings/],
  ['an unknown key', 'proxy-port: 1\n', 'UNKNOWN_SETTING', /"proxy-port"/],
  ['a list that holds itself', 'nodes: &a [*a]\n', 'BAD_SETTING', /^nodes \(wasm-sensors.yaml\): must be/],
  ['a map that holds itself', 'token-file: &a {x: *a}\n', 'NO_SUCH_FILE', /^token-file/],
  ['a bad value', 'nodes: none\n', 'BAD_SETTING', /^nodes \(wasm-sensors.yaml\): "none"/],
])('a file with %s is refused', (_, text, code, message) => {
  write('wasm-sensors.yaml', text);
  expect(failure()).toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) });
});

test.each(['', '# nothing yet\n', 'null\n'])('a file that holds %j sets nothing', (text) => {
  write('wasm-sensors.yaml', text);
  expect(load().provenance.nodes.source).toBe('default');
});

// Reading a pipe that nobody writes to would never end.
test.each([
  ['.env', mkdirSync],
  ['wasm-sensors.yaml', mkdirSync],
  ['.env', (path: string) => symlinkSync('/dev/null', path)],
])('a %s that is no file is named', (name, make) => {
  make(join(folder, name));
  expect(failure()).toMatchObject({ code: 'UNREADABLE_FILE', message: expect.stringContaining(name), exitCode: 2 });
});

test('secrets come from files that flags and the settings file name, and from variables', () => {
  write('my-token', 'flag-secret\n');
  write('other-token', '  file-secret  \n');
  write('wasm-sensors.yaml', 'token-file: other-token\nsensor-token-file: other-token\n');
  vi.stubEnv('SENSOR_TOKEN', 'variable-secret');
  const { values, provenance } = load({ token: join(folder, 'my-token') });
  expect([values.token, values.sensorToken]).toEqual(['flag-secret', 'variable-secret']);
  expect([provenance.token.source, provenance.sensorToken.source]).toEqual(['flag', 'environment']);
  const alone = load();
  expect(alone.values.token).toBe('file-secret');
  expect(alone.provenance.token).toEqual({ source: 'wasm-sensors.yaml', name: 'token-file' });
});

test.each([
  ['there is not', 'none', 'NO_SUCH_FILE', /no file/],
  ['is a folder', '.', 'UNREADABLE_FILE', /can't read/],
  ['is empty', 'empty', 'BAD_SETTING', /must not be empty/],
  ['is binary', 'binary', 'BAD_SETTING', /must be plain ASCII on one line/],
])('a token file that %s is refused, naming the flag or the key', (_, path, code, message) => {
  write('empty', '\n');
  write('binary', 'a\0b');
  const byFlag = failure({ sensorToken: join(folder, path) });
  expect(byFlag).toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) });
  expect(byFlag.message).toMatch(/^--sensor-token-file/);
  write('wasm-sensors.yaml', `sensor-token-file: ${path}\n`);
  const byFile = failure();
  expect(byFile).toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) });
  expect(byFile.message).toMatch(/^sensor-token-file \(wasm-sensors.yaml\)/);
});

test('no error shows a secret', () => {
  write('.env', 'WASM_SENSORS_TOKEN=dotenv-secret\nBACALHAU_API_TOKEN=api-secret\nWASM_SENSORS_NODES=x\n');
  vi.stubEnv('SENSOR_TOKEN', 'variable-secret');
  const error = failure();
  expect(error.code).toBe('BAD_SETTING');
  expect(`${error.message} ${error.hint} ${error.stack} ${error.details}`).not.toContain('-secret');
});
