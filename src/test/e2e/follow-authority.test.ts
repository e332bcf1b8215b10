/** Two real proxies: one is the authority for the fleet configuration, the other follows it. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DesiredState } from '../../protocol/desired-config.js';
import { eventually, type Running, Sandbox } from '../support/cli-harness.js';

const TOKEN = 'operator-4c77';
const sandbox = new Sandbox({
  ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' },
  WASM_SENSORS_TOKEN: TOKEN,
});
let authority: Served;
let follower: Served;

interface Served {
  service: Running;
  url: string;
}

/** Proxies need no queue to answer about configuration. */
const QUEUE = ['--queue', 'http://127.0.0.1:9/000000000000/q'];

async function serve(name: string, port = '0', ...args: string[]): Promise<Served> {
  const service = sandbox.spawn(['proxy', 'serve', ...QUEUE, '--port', port, '--state-dir', name, ...args]);
  const url = await eventually(`${name} serving`, () => /proxy on (\S+)/.exec(service.stderr)?.[1]);
  return { service, url };
}

const kill = async ({ service }: Served) => {
  service.child.kill('SIGKILL');
  await service.ended;
};
const restart = (name: string, { url }: Served, ...args: string[]) => serve(name, new URL(url).port, ...args);
const held = async ({ url }: Served) => (await (await fetch(`${url}/config`)).json()) as DesiredState;
/** There is no puller: nobody waits for sensors. */
const set = (proxies: Served[], ...args: string[]) =>
  sandbox.run([
    ...['config', 'set', ...args, '--no-wait', '-o', 'json', '--puller-url', 'http://127.0.0.1:9'],
    ...['--proxies', proxies.map(({ url }) => url).join(',')],
  ]);

beforeAll(async () => {
  authority = await serve('authority');
  follower = await serve('follower', '0', '--follow', authority.url);
});
afterAll(() => sandbox.close());

test('a change at the authority is at the follower within a second', async () => {
  const { code, stdout } = await set([authority], '--replace', 'color=#00ff88');
  const { version } = JSON.parse(stdout).data;
  expect(code).toBe(0);
  await eventually('the colour', async () => (await held(follower)).version === version, 1000);
  expect(await held(follower)).toEqual({ ...(await held(authority)), follows: authority.url });
});

test('a change at the follower is made at the authority; the command ends when both hold it', async () => {
  for (const proxies of [[follower], [authority, follower], [follower, authority]]) {
    const { code, stdout } = await set(proxies, '--region', 'eu', `emoji=${proxies.length}`);
    expect([code, JSON.parse(stdout).data.failed]).toEqual([0, []]);
    expect((await held(authority)).regions.eu).toMatchObject({ emoji: proxies.length });
    expect((await held(follower)).version).toBe((await held(authority)).version);
  }
});

test('without the authority the follower answers sensors, also after a restart, and refuses changes', async () => {
  const before = await held(follower);
  await kill(authority);
  await kill(follower);
  follower = await restart('follower', follower, '--follow', authority.url);
  expect(follower.service.stderr).toMatch(/can't follow .*ECONNREFUSED.*answering sensors with version \d{13}/);
  expect(await held(follower)).toEqual(before);
  const sensor = await fetch(`${follower.url}/config/effective?region=eu&hostname=h&version=0`);
  expect(await sensor.json()).toEqual({ config: { version: before.version, color: '#00ff88', emoji: 2 } });
  const { code, stdout } = await set([follower], 'paused=true');
  expect([code, JSON.parse(stdout).error]).toMatchObject([
    ...[1, { code: 'AUTHORITY_UNREACHABLE', message: expect.stringContaining(authority.url) }],
  ]);
});

test('an authority that lost its state hears of it from its follower, and changes nothing before that is confirmed', async () => {
  const before = await held(follower);
  rmSync(join(sandbox.dir, 'authority'), { recursive: true });
  authority = await restart('authority', authority);
  await eventually('the loss', async () => (await held(authority)).lost === before.version);
  const { code, stdout } = await set([authority, follower], 'paused=true');
  expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'STATE_LOST']);
  expect((await held(follower)).fleet).toEqual(before.fleet);
  const { data } = JSON.parse((await set([authority, follower], '--replace', 'paused=true')).stdout);
  expect(data.failed).toEqual([]);
  expect((await held(follower)).fleet).toEqual({ version: data.version, paused: true });
  expect(data.version).toBeGreaterThan(before.version);
  expect(JSON.parse(readFileSync(join(sandbox.dir, 'follower', 'desired.json'), 'utf8'))).toEqual({
    ...{ version: data.version, fleet: { version: data.version, paused: true }, regions: {}, hosts: {} },
  });
});

test('a follower stops at once', async () => {
  follower.service.child.kill('SIGTERM');
  expect(await follower.service.ended).toEqual({ code: 0, signal: null });
});
