/** What the operator's variables become for containers, and what is refused. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { packageRoot } from '../../lib/process/self-command.js';
import { makeEnvironment, queueVariables, readEnvironment, storeVariables } from './compose-env.js';
import { projectName } from './engine/compose-project.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'environment-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const open = (text: string) => {
  writeFileSync(join(folder, '.env'), text);
  return readEnvironment(folder);
};

test.each(['https://sqs.eu-west-1.amazonaws.com/<account>/<queue>', '<key>', 'your-access-key', 'change_me'])(
  'a placeholder such as %s is refused, in the file and in the environment',
  (value) => {
    expect(() => open(`SQS_QUEUE_URL=${value}`)).toThrow(
      expect.objectContaining({
        code: 'PLACEHOLDER',
        message: `${join(folder, '.env')}: SQS_QUEUE_URL still has its placeholder`,
      }),
    );
    vi.stubEnv('SQS_QUEUE_URL', value);
    expect(() => open('')('SQS_QUEUE_URL')).toThrow(
      expect.objectContaining({ code: 'PLACEHOLDER', message: expect.stringContaining('the environment') }),
    );
  },
);

test('values that only look odd are taken', () => {
  const get = open("AWS_SECRET_ACCESS_KEY='a<b/c+d>'x\nSQS_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/1/q");
  expect(get('SQS_QUEUE_URL')).toBe('https://sqs.eu-west-1.amazonaws.com/1/q');
});

test('the name of a project is what compose takes', () => {
  expect([projectName(undefined), projectName('my-net_2')]).toEqual(['bacalhau-edge', 'my-net_2']);
  for (const name of ['Foo Bar', '-x', 'ä'])
    expect(() => projectName(name)).toThrow(expect.objectContaining({ code: 'BAD_SETTING' }));
});

const AMAZON = 'https://sqs.eu-west-1.amazonaws.com/123456789012/readings';
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'sekret' };
const variablesOf = (variables: Record<string, string>) => (name: string) => variables[name];

test('the embedded queue: no credentials of the operator enter containers', () => {
  const variables = queueVariables({}, variablesOf({ ...KEYS, AWS_SESSION_TOKEN: 'token' }));
  expect(JSON.stringify(variables)).not.toMatch(/AKIA|sekret|"token"/);
  expect(variables).toMatchObject({ SQS_QUEUE_URL: '', AWS_ENDPOINT_URL_SQS: '' });
});

test('an Amazon queue: its URL, region and credentials', () => {
  expect(queueVariables({ queue: AMAZON, awsRegion: 'eu-west-1' }, variablesOf(KEYS))).toEqual({
    ...KEYS,
    AWS_SESSION_TOKEN: '',
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL_SQS: '',
    SQS_QUEUE_URL: AMAZON,
  });
  expect(() => queueVariables({ queue: AMAZON }, variablesOf({ AWS_ACCESS_KEY_ID: 'AKIA' }))).toThrow(
    expect.objectContaining({ code: 'CREDENTIALS_MISSING' }),
  );
});

test('a queue of another service: by its endpoint, with or without credentials', () => {
  const queueEndpoint = 'http://host.docker.internal:4566';
  expect(queueVariables({ queue: 'readings', queueEndpoint }, variablesOf({}))).toMatchObject({
    SQS_QUEUE_URL: 'readings',
    AWS_ENDPOINT_URL_SQS: queueEndpoint,
  });
});

test.each([{ queue: 'http://localhost:9324/000000000000/q' }, { queue: 'q', queueEndpoint: 'http://127.0.0.1:9324' }])(
  '%j is refused: to a container it is itself',
  (settings) => {
    expect(() => queueVariables(settings, variablesOf(KEYS))).toThrow(
      expect.objectContaining({ code: 'QUEUE_NOT_REACHABLE' }),
    );
  },
);

test('.env is made from its template, readable by its owner only, and never overwritten', () => {
  const path = join(folder, '.env');
  expect(makeEnvironment(folder)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, 'BACALHAU_VERSION=v1.8.0\nPROXY_PORT=\n');
  const environment = readEnvironment(folder);
  expect([makeEnvironment(folder), environment('BACALHAU_VERSION'), environment('PROXY_PORT')]).toEqual([
    false,
    'v1.8.0',
    undefined,
  ]);
  expect(readFileSync(path, 'utf8')).toBe('BACALHAU_VERSION=v1.8.0\nPROXY_PORT=\n');
});

test('every variable of the compose file is explained in .env.template', () => {
  const template = readFileSync(`${packageRoot}templates/env.template`, 'utf8');
  const used = new Set(readFileSync(`${packageRoot}templates/compose.yaml`, 'utf8').match(/(?<=[^$]\$\{)[A-Z_]+/g));
  used.delete('COMPOSE_PROJECT_NAME');
  // One a node, one a relay; `sensors token` makes them.
  for (const name of used) if (/^(SENSOR_TOKEN_EDGE|RELAY_TOKEN)_/.test(name)) used.delete(name);
  for (const name of used) expect(template, name).toMatch(new RegExp(`^# .*\\n(.*\\n)?${name}=$`, 'm'));
});

test('the password of the database is made once and kept, and a database on loopback is refused', () => {
  const of = (store: string, given?: string) => storeVariables({ store }, () => given, folder);
  const made = of('postgres');
  expect(made.POSTGRES_PASSWORD).toMatch(/^[\w-]{20,}$/);
  expect([of('postgres'), of('postgres', 'given')]).toEqual([made, { POSTGRES_PASSWORD: 'given' }]);
  expect(of('postgres://me@db/x')).toEqual({ WASM_SENSORS_STORE: 'postgres://me@db/x' });
  expect(() => of('postgres://me:secret@localhost/x')).toThrow(/^(?!.*secret).*can't reach/);
});
