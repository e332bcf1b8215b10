import { expect, test } from 'vitest';
import type { AppError } from '../lib/errors/app-error.js';
import '../network/registry.js';
import { resolveSettings, type Sources } from './resolve-settings.js';
import { flagName, SETTINGS, type SettingDef, type SettingKey } from './settings.js';

const KEYS = Object.keys(SETTINGS) as SettingKey[];
const resolve = (sources: Partial<Sources> = {}) =>
  resolveSettings({ flags: {}, env: {}, dotenv: {}, file: {}, ...sources });

function failure(sources: Partial<Sources>): AppError {
  try {
    resolve(sources);
  } catch (error) {
    return error as AppError;
  }
  throw new Error('it was accepted');
}

/** Some value that a setting takes. */
function sample(key: SettingKey): string {
  const found = ['7', 'true', 'native', 'store', 'sqlite', 'http://a.example', 'warn', 'json'].find(
    (v) => SETTINGS[key].schema.safeParse(v).success,
  );
  if (found === undefined) throw new Error(`no sample for ${key}`);
  return found;
}

test.each(KEYS)('%s: flag over environment over .env over file over default, and it is told which', (key) => {
  const value = sample(key);
  const [variable] = SETTINGS[key].env as [string, ...string[]];
  const name = flagName(key);
  const sources: Sources = {
    flags: { [key]: value },
    env: { [variable]: value },
    dotenv: { [variable]: value },
    file: { [name]: value },
  };
  const from = () => resolve(sources).provenance[key];
  expect(from()).toEqual({ source: 'flag', name: `--${name}` });
  sources.flags = {};
  expect(from()).toEqual({ source: 'environment', name: variable });
  sources.env = {};
  expect(from()).toEqual({ source: '.env', name: variable });
  sources.dotenv = {};
  expect(from()).toEqual({ source: 'wasm-sensors.yaml', name });
  sources.file = {};
  expect(from()).toEqual({ source: 'default', name: '' });
});

// The sources that have the setting, from the strongest, and the value that results.
test.each([
  [
    {
      flags: { nodes: '1' },
      env: { WASM_SENSORS_NODES: '2' },
      dotenv: { WASM_SENSORS_NODES: '3' },
      file: { nodes: 4 },
    },
    1,
  ],
  [{ env: { WASM_SENSORS_NODES: '2' }, dotenv: { WASM_SENSORS_NODES: '3' }, file: { nodes: 4 } }, 2],
  [{ dotenv: { WASM_SENSORS_NODES: '3' }, file: { nodes: 4 } }, 3],
  [{ file: { nodes: 4 } }, 4],
  [{}, 1],
  // What is empty is not set: templates that nobody filled in.
  [{ env: { WASM_SENSORS_NODES: '' }, dotenv: { WASM_SENSORS_NODES: '3' } }, 3],
  [{ dotenv: { WASM_SENSORS_NODES: '' }, file: { nodes: 4 } }, 4],
  [{ file: { nodes: null } }, 1],
])('%j gives %i nodes', (sources, nodes) => {
  expect(resolve(sources as Partial<Sources>).values.nodes).toBe(nodes);
});

test('of several variables the first that is set counts, and the environment before .env', () => {
  const name = (env: Record<string, string>, dotenv: Record<string, string> = {}) => {
    const { values, provenance } = resolve({ env, dotenv });
    return [values.queue, provenance.queue];
  };
  expect(name({ WASM_SENSORS_QUEUE: 'a', SQS_QUEUE_URL: 'b' })).toEqual([
    'a',
    { source: 'environment', name: 'WASM_SENSORS_QUEUE' },
  ]);
  expect(name({ WASM_SENSORS_QUEUE: '', SQS_QUEUE_URL: 'b' })[0]).toBe('b');
  expect(name({ SQS_QUEUE_URL: 'b' }, { WASM_SENSORS_QUEUE: 'c' })).toEqual([
    'b',
    { source: 'environment', name: 'SQS_QUEUE_URL' },
  ]);
});

test('no two settings share a flag or a variable', () => {
  const flags = KEYS.map(flagName);
  const variables = KEYS.flatMap((key) => SETTINGS[key].env);
  expect([new Set(flags).size, new Set(variables).size]).toEqual([flags.length, variables.length]);
});

// A value that a setting can't use, and what is wrong with it.
const BAD: [SettingKey, unknown, RegExp][] = [
  ['network', 'docker', /must be embedded, native, compose.* or \w+/],
  ['nodes', '0', /at least 1/],
  ['nodes', '20001', /at most 20000/],
  ['nodes', '2.5', /whole number/],
  ['nodes', 'many', /must be a number/],
  ['nodes', ' ', /must be a number/],
  ['nodes', true, /must be a number/],
  ['proxyPort', '65536', /from 0 to 65535/],
  ['proxyPort', '-1', /from 0 to 65535/],
  ['proxyPort', 'http', /port number/],
  ['queueEndpoint', 'localhost:9324', /http:\/\/ or https:\/\//],
  ['queueEndpoint', 'ftp://a', /http:\/\/ or https:\/\//],
  ['sinks', 'store,paper', /store, log, alert/],
  ['store', 'mysql://a/b', /sqlite, postgres .*, or a URL that begins with postgres/],
  ['open', 'perhaps', /true or false/],
  ['alertAfter', '0.5', /at least 1/],
  ['alertAfter', 'soon', /number of seconds/],
  ['retention', '0', /at least 0.01/],
  ['rateLimit', '-1', /at least 0/],
  ['pollers', '65', /at most 64/],
  ['host', ['a'], /./],
];

test.each(BAD)('%s = %j is refused, with its source and what is wrong', (key, value, problem) => {
  const name = flagName(key);
  const variable = SETTINGS[key].env[0]!;
  const sources: [Partial<Sources>, string][] = [
    [{ flags: { [key]: value } }, `--${name}: `],
    [{ file: { [name]: value } }, `${name} (wasm-sensors.yaml): `],
  ];
  if (typeof value === 'string') {
    sources.push(
      [{ env: { [variable]: value } }, `${variable} (environment): `],
      [{ dotenv: { [variable]: value } }, `${variable} (.env): `],
    );
  }
  for (const [source, where] of sources) {
    const error = failure(source);
    expect(error).toMatchObject({ code: 'BAD_SETTING', fault: 'user', exitCode: 2 });
    expect(error.message.startsWith(where + JSON.stringify(value))).toBe(true);
    expect(error.message).toMatch(problem);
    expect(error.hint).toContain(SETTINGS[key].description);
  }
});

test.each<[SettingKey, unknown, unknown]>([
  ['nodes', '1', 1],
  ['nodes', 10_000, 10_000],
  ['proxyPort', '0', 0],
  ['proxyPort', 65_535, 65_535],
  ['pollers', ' 64 ', 64],
  ['alertAfter', '1', 1],
  ['alertAfter', '2.5', 2.5],
  ['rateLimit', '0', 0],
  ['retention', '0.01', 0.01],
  ['open', '1', true],
  ['open', 'true', true],
  ['open', '0', false],
  ['open', 'false', false],
  ['open', false, false],
  ['sinks', 'store', ['store']],
  ['store', 'postgresql://me@a/b?sslmode=require', 'postgresql://me@a/b?sslmode=require'],
  ['allowedHosts', 'a, b ', ['a', 'b']],
  ['queueEndpoint', 'https://a/b//', 'https://a/b'],
  ['token', ' ~', ' ~'],
])('%s = %j is taken as %j', (key, value, taken) => {
  expect(resolve({ file: { [flagName(key)]: value } }).values[key]).toEqual(taken);
});

test('a password in the URL of the store is taken from where only its owner sees it, and shown nowhere', () => {
  const url = 'postgres://me:secret@a.example/readings';
  expect(resolve({ env: { WASM_SENSORS_STORE: url } }).values.store).toBe(url);
  expect(resolve({ dotenv: { WASM_SENSORS_STORE: url } }).values.store).toBe(url);
  const { message, hint } = failure({ flags: { store: url } });
  expect(message).toMatch(/^--store: .* must hold no password/);
  expect(message + hint).not.toContain('secret');
});

test('an empty flag is no number', () => {
  expect(failure({ flags: { proxyPort: '' } }).message).toMatch(/^--port: "" must be a port number/);
});

test.each(KEYS.filter((key) => (SETTINGS[key] as SettingDef).secret))('a bad %s is never shown', (key) => {
  const error = failure({ file: { [flagName(key)]: 123_456_789 } });
  expect(error.message).toContain(`${flagName(key)} (wasm-sensors.yaml):`);
  expect(error.message + error.hint).not.toContain('123456789');
});

test('a key of the file that there is not is refused, with those that there are', () => {
  const error = failure({ file: { nodes: 1, prot: 9090 } });
  expect(error).toMatchObject({ code: 'UNKNOWN_SETTING', exitCode: 2, message: expect.stringContaining('"prot"') });
  for (const key of KEYS) expect(error.hint).toContain(flagName(key));
});

test('the file has real numbers, lists and booleans; addresses lose a slash at the end', () => {
  const file = { nodes: 3, sinks: ['store', 'log'], open: true, proxies: ['http://a:1/', 'https://b'], retention: 0.5 };
  expect(resolve({ file }).values).toMatchObject({ ...file, proxies: ['http://a:1', 'https://b'] });
  expect(resolve({ env: { WASM_SENSORS_PROXIES: 'http://a:1/,https://b' } }).values.proxies).toEqual([
    'http://a:1',
    'https://b',
  ]);
});
