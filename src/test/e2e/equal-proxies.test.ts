/** Two real proxies share the fleet configuration in a real PostgreSQL database; each of them, and the server, is killed. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DesiredState } from '../../protocol/desired-config.js';
import { shardOf } from '../../protocol/shard.js';
import { eventually, type Running, Sandbox } from '../support/cli-harness.js';
import { POSTGRES_BIN, PostgresServer, WHY_SKIPPED } from '../support/postgres-server.js';

const TOKEN = 'operator-4c77';
const HEADERS = { authorization: `Bearer ${TOKEN}` };

interface Served {
  service: Running;
  url: string;
}

interface Summary {
  total: { received: number };
}

describe.skipIf(POSTGRES_BIN === undefined)(`equal proxies (${WHY_SKIPPED} where it is skipped)`, () => {
  let sandbox: Sandbox;
  let server: PostgresServer;
  let [a, b]: Served[] = [];

  async function serve(name: string, port = '0', env: Record<string, string> = {}): Promise<Served> {
    const queue = ['--queue', 'http://127.0.0.1:9/000000000000/q'];
    const service = sandbox.spawn(['proxy', 'serve', ...queue, '--port', port, '--state-dir', name], env);
    return { service, url: await listening(service, 'proxy') };
  }
  const listening = (service: Running, purpose: string) =>
    eventually(`a ${purpose} that listens`, () => new RegExp(`${purpose} on (\\S+)`).exec(service.stderr)?.[1]);
  const held = async ({ url }: Served) =>
    (await (await fetch(`${url}/config`, { headers: HEADERS })).json()) as DesiredState;
  const call = async ({ url }: Served, path: string, body: object) => {
    const answer = await fetch(url + path, { method: 'PATCH', headers: HEADERS, body: JSON.stringify(body) });
    return { status: answer.status, body: (await answer.json()) as { version: number } };
  };
  const set = (proxy: Served, values: object) => call(proxy, '/config', { set: values, replace: true });
  const version = async (proxy: Served) => (await held(proxy)).version;

  beforeAll(async () => {
    server = await PostgresServer.start();
    sandbox = new Sandbox({
      ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' },
      ...{ WASM_SENSORS_TOKEN: TOKEN, WASM_SENSORS_STORE: await server.database() },
    });
    [a, b] = await Promise.all([serve('a'), serve('b')]);
  });
  afterAll(async () => {
    await sandbox.close();
    server.stop();
  });

  test('a change at one is at the other within a second, and revoked hosts, too', async () => {
    const { body } = await set(a!, { color: '#00ff88' });
    await eventually('the colour', async () => (await version(b!)) === body.version, 1000);
    expect(await held(b!)).toEqual(await held(a!));
    await call(b!, '/sensors/revoked', { hostname: 'edge-us-1', revoked: true });
    const revoked = async () =>
      (await (await fetch(`${a!.url}/sensors/revoked`, { headers: HEADERS })).json()) as { revoked: string[] };
    await eventually('the revoked host', async () => (await revoked()).revoked.length === 1, 1000);
  });

  test('changes of one field through both at the same time have one order', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => set(i % 2 ? a! : b!, { interval: i + 1 })));
    const versions = made.map(({ body }) => body.version);
    expect(new Set(versions).size).toBe(20);
    const newest = versions.indexOf(Math.max(...versions));
    for (const proxy of [a!, b!]) {
      await eventually('the newest', async () => (await version(proxy)) === versions[newest], 1000);
      expect((await held(proxy)).fleet).toMatchObject({ interval: newest + 1 });
    }
  });

  test('`config set` goes through either, and ends when both hold it', async () => {
    for (const proxies of [[b!], [a!, b!]]) {
      const { code, stdout } = await sandbox.run([
        ...[
          'config',
          'set',
          `emoji=${proxies.length}`,
          '--no-wait',
          '-o',
          'json',
          '--puller-url',
          'http://127.0.0.1:9',
        ],
        ...['--proxies', proxies.map(({ url }) => url).join(',')],
      ]);
      expect([code, JSON.parse(stdout).data.failed]).toEqual([0, []]);
    }
  });

  test('one that is killed has missed nothing when it is back', async () => {
    a!.service.child.kill('SIGKILL');
    await a!.service.ended;
    const { body } = await set(b!, { color: '#112233' });
    a = await serve('a', new URL(a!.url).port);
    expect(await version(a)).toBe(body.version);
  });

  test('while the server is away sensors get the configuration, changes are refused with 503, and all goes on after it', async () => {
    const before = await version(a!);
    server.down('immediate');
    expect(await set(a!, { color: '#000000' })).toMatchObject({
      status: 503,
      body: { error: { code: 'AUTHORITY_UNREACHABLE', message: expect.not.stringContaining('cret') } },
    });
    const effective = await fetch(`${b!.url}/config/effective?region=eu&hostname=h`);
    expect(await effective.json()).toMatchObject({ config: { version: before, color: '#112233' } });
    b!.service.child.kill('SIGKILL');
    await b!.service.ended;
    b = await serve('b', new URL(b!.url).port);
    expect(await version(b)).toBe(before);
    server.up();
    const made = await eventually('a change', async () => {
      const { status, body } = await set(b!, { color: '#abcdef' });
      return status === 200 ? body : undefined;
    });
    await eventually('it at the other', async () => (await version(a!)) === made.version, 5000);
  });

  test('a proxy may have a role that reaches nothing but what the proxies share', async () => {
    const sql = /```sql\n(create role proxy[\s\S]*?)```/.exec(readFileSync('SECURITY.md', 'utf8'))?.[1] ?? '';
    await server.query(sql.replace('…', 'of-proxy'), 'db1');
    const env = { WASM_SENSORS_STORE: server.url('db1', 'proxy', 'of-proxy') };
    const c = await serve('c', '0', env);
    const { body } = await set(c, { color: '#445566' });
    await eventually('the colour', async () => (await version(a!)) === body.version, 5000);
  });

  test('a proxy with another number of shards than the store is refused', async () => {
    const refused = await sandbox.run([
      'proxy',
      'serve',
      '--port',
      '0',
      '--queue',
      'http://127.0.0.1:9/0/q',
      '--shards',
      '2',
    ]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('divided into 1 shards, not 2') });
  });

  test('what a proxy with another number has put into the queue of a shard is dead, and replay takes it to its own', async () => {
    const store = { WASM_SENSORS_STORE: await server.database() };
    const [queue, unsigned, shards] = [['--create', 'readings'], '--queue-unsigned', ['--shards', '4']];
    const endpoint = await listening(sandbox.spawn(['queue', 'serve', '--port', '0', ...queue, ...shards]), 'queue');
    const name = `${endpoint}/000000000000/readings`;
    const puller = ['puller', 'serve', '--port', '0', '--queue', name, unsigned, ...shards, '--sinks', 'store'];
    const fleet = await listening(sandbox.spawn(puller, store), 'puller');
    const wrong = ['proxy', 'serve', '--port', '0', '--queue', `${name}-1`, unsigned, '--pack', '--state-dir', 'wrong'];
    const proxy = await listening(sandbox.spawn(wrong, { WASM_SENSORS_STORE: 'sqlite' }), 'proxy');
    const readings = Array.from({ length: 40 }, (_, i) => {
      const hostname = `edge-eu-${i}`;
      return { execution_id: hostname, sequence: 1, hostname, region: 'eu', timestamp: new Date().toISOString() };
    });
    await fetch(`${proxy}/send`, { method: 'POST', body: JSON.stringify(readings) });
    const own = readings.filter(({ hostname }) => shardOf(hostname, 4) === 1).length;
    const received = async () =>
      ((await (await fetch(`${fleet}/fleet/summary`, { headers: HEADERS })).json()) as Summary).total.received;
    const letters = async () =>
      JSON.parse(
        (await sandbox.run(['queue', 'dead-letters', '-o', 'json', '--queue', name, unsigned, ...shards])).stdout,
      ).data.deadLetters as { reason: string }[];
    await eventually('the readings of the shard', async () => (await received()) === own);
    await eventually('dead letters', async () => (await letters()).length === 40 - own);
    expect((await letters())[0]?.reason).toMatch(/of shard \d, not 1 of 4/);
    const replayed = await sandbox.run(['queue', 'replay', '--all', '--queue', name, unsigned, ...shards]);
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining(`${40 - own} dead letters replayed`) });
    await eventually('all readings', async () => (await received()) === 40);
    expect(await letters()).toEqual([]);
  });
});
