/**
 * Four shards of a real PostgreSQL store, a real queue and proxies: pullers join, are killed, hang and leave. Some readings are
 * in the queue without a shard before there are pullers, and a proxy that knows of no shards sends there all the time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { relayedLine } from '../../protocol/relay.js';
import { packedBody } from '../../queue/packed.js';
import { eventually, type Running, Sandbox } from '../support/cli-harness.js';
import { POSTGRES_BIN, PostgresServer, WHY_SKIPPED } from '../support/postgres-server.js';

const SHARDS = 4;
const HOSTS = Array.from({ length: 24 }, (_, i) => `edge-${i % 2 ? 'eu' : 'us'}-${i}`);
/** Their readings are sent to the queue without a shard. */
const UNSHARDED = HOSTS.filter((_, i) => i % 6 > 3);
const PACKED_BEFORE = 10;
const SEND_EVERY_MS = 300;
/** Leases last 6 s, and are looked at every second; the rest is for a busy machine. */
const TAKEN_OVER_MS = 10_000 + 4_000;

const note = (what: string, ms: number) => console.log(`${what}: every shard stores again after ${ms} ms`);

/** A puller as a user starts it. */
class Puller {
  readonly running: Running;
  url = '';

  constructor(running: Running) {
    this.running = running;
  }

  async listening(): Promise<this> {
    this.url = await urlOf(this.running, 'puller');
    return this;
  }

  kill(signal: NodeJS.Signals): void {
    this.running.child.kill(signal);
  }
}

/** As a sensor sends it. */
function readingOf(hostname: string, sequence: number): string {
  const reading = {
    ...{ job_id: 'j', execution_id: `e-${hostname}`, icon_name: '', color: '#ffffff', hostname, sequence },
    ...{ region: hostname.slice(5, 7), timestamp: new Date().toISOString(), job_submission_time: 1 },
    ...{ values: { temperature: sequence } },
  };
  return JSON.stringify(reading);
}

const urlOf = (running: Running, purpose: string): Promise<string> =>
  eventually(`a ${purpose} that listens`, () => {
    const found = new RegExp(`${purpose} on (http://[^ ]+)`).exec(running.stdout + running.stderr)?.[1];
    if (!found && running.child.exitCode !== null) throw new Error(running.stdout + running.stderr);
    return found;
  });

describe.skipIf(POSTGRES_BIN === undefined)(`shards and several pullers (${WHY_SKIPPED} where it is skipped)`, () => {
  const sandbox = new Sandbox();
  let server: PostgresServer;
  let queue: string[];
  let store: string;
  let database: string;
  let endpoint: string;
  let shardedProxy: string;
  let unshardedProxy: string;
  const pullers: Puller[] = [];
  /** What the proxy has accepted, by host. */
  const accepted = new Map<string, number>();
  let isSending = true;
  let sending: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    server = await PostgresServer.start();
    store = await server.database();
    database = new URL(store).pathname.slice(1);
    const shards = ['--shards', String(SHARDS)];
    const queueServer = sandbox.spawn(['queue', 'serve', '--port', '0', '--create', 'readings', ...shards]);
    endpoint = await urlOf(queueServer, 'queue');
    await call('CreateQueue', { QueueName: 'readings' });
    const unsharded = ['--queue', queueUrl(), '--queue-endpoint', endpoint, '--queue-unsigned'];
    queue = [...unsharded, ...shards];
    const serve = ['proxy', 'serve', '--port', '0'];
    shardedProxy = await urlOf(sandbox.spawn([...serve, '--pack', ...queue]), 'proxy');
    unshardedProxy = await urlOf(sandbox.spawn([...serve, '--state-dir', 'unsharded', ...unsharded]), 'proxy');
    await sendPacked();
    sending = Promise.all(HOSTS.map(send));
    await eventually('readings that wait', async () => (await unshardedDepth()) > 2 * UNSHARDED.length);
    await startPuller();
  });
  afterAll(async () => {
    isSending = false;
    await sending.catch(() => {});
    await sandbox.close();
    server.stop();
  });

  async function startPuller(): Promise<Puller> {
    const args = ['puller', 'serve', '--port', '0', '--sinks', 'store,alert', ...queue];
    const puller = new Puller(sandbox.spawn(args, { WASM_SENSORS_STORE: store }));
    pullers.push(puller);
    return puller.listening();
  }

  const queueUrl = () => `${endpoint}/000000000000/readings`;
  async function call(action: string, body: object): Promise<{ Attributes?: Record<string, string> }> {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` };
    const answer = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as { Attributes?: Record<string, string> };
  }
  /** Messages in the queue without a shard. */
  async function unshardedDepth(): Promise<number> {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
    const { Attributes = {} } = await call('GetQueueAttributes', { QueueUrl: queueUrl(), AttributeNames: names });
    return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
  }
  /** Of several shards in one message. */
  async function sendPacked(): Promise<void> {
    const sequences = Array.from({ length: PACKED_BEFORE }, (_, i) => i + 1);
    const lines = UNSHARDED.flatMap((host) => sequences.map((one) => relayedLine({ text: readingOf(host, one) })));
    const { body, encoding } = packedBody(lines.join(''));
    const MessageAttributes = { packed: { DataType: 'String', StringValue: encoding } };
    await call('SendMessage', { QueueUrl: queueUrl(), MessageBody: body, MessageAttributes });
    for (const host of UNSHARDED) accepted.set(host, PACKED_BEFORE);
  }

  /** As a sensor does: each reading until it is accepted. */
  async function send(hostname: string): Promise<void> {
    for (let sequence = (accepted.get(hostname) ?? 0) + 1; isSending; sequence++) {
      const body = readingOf(hostname, sequence);
      const proxy = UNSHARDED.includes(hostname) ? unshardedProxy : shardedProxy;
      const headers = { 'content-type': 'application/json' };
      while (!(await fetch(`${proxy}/send`, { method: 'POST', headers, body }).then(({ ok }) => ok))) await sleep(50);
      accepted.set(hostname, sequence);
      await sleep(SEND_EVERY_MS);
    }
  }

  /** By the URL of each that lives and holds any. */
  async function holders(): Promise<{ url: string; count: number }[]> {
    const sql = `select url, count(*)::int from wasm_sensors.shards join wasm_sensors.live_pullers p on p.id = puller
      group by 1 order by 2 desc`;
    return server.query(sql, database);
  }
  const shares = async () => (await holders()).map(({ count }) => count);
  const epochs = () =>
    server.query<{ epoch: string }>('select epoch from wasm_sensors.shards order by shard', database);
  /** One that has shards, but is not the first. */
  async function holding(): Promise<Puller> {
    const urls = (await holders()).map(({ url }) => url);
    return pullers.slice(1).find(({ url }) => urls.includes(url))!;
  }
  /** It is expected to be gone from now on. */
  const leave = (index: number): Puller => pullers.splice(index, 1)[0]!;
  async function shared(...expected: number[]): Promise<void> {
    await eventually(`shares ${expected}`, async () => String(await shares()) === String(expected));
  }
  const newest = async () => {
    const sql = 'select shard, max(received_at) as at from wasm_sensors.readings group by 1 order by 1';
    const rows = await server.query<{ shard: number; at: string }>(sql, database);
    return rows.map(({ at }) => Number(at));
  };
  /** Resolves with the milliseconds until each shard has stored what was received after now. */
  async function allStoreAgain(): Promise<number> {
    const began = Date.now();
    await eventually('every shard stores', async () => {
      const times = await newest();
      return times.length === SHARDS && times.every((at) => at > began + 200);
    });
    return Date.now() - began;
  }
  const summaryOf = async ({ url }: Puller) =>
    (await (await fetch(`${url}/fleet/summary`)).json()) as FleetSummary & { missing?: object[] };

  test('a puller that joins takes its part, and each answers for all', async () => {
    await shared(4);
    await allStoreAgain();
    await Promise.all([startPuller(), startPuller()]);
    await shared(2, 1, 1);
    await allStoreAgain();
    for (const puller of pullers) {
      await eventually('the whole fleet', async () => (await summaryOf(puller)).total.live === HOSTS.length);
    }
  });

  test('kill -9: others have its shards within seconds', async () => {
    leave(1).kill('SIGKILL');
    const ms = await allStoreAgain();
    await shared(2, 2);
    expect(ms).toBeLessThan(TAKEN_OVER_MS);
    note('kill -9', ms);
  });

  test('one that hangs loses its shards, stores nothing of them when it goes on, and takes its part again', async () => {
    const hung = await holding();
    hung.kill('SIGSTOP');
    const ms = await allStoreAgain();
    expect(ms).toBeLessThan(TAKEN_OVER_MS);
    note('hung', ms);
    expect(await shares()).toEqual([4]);
    hung.kill('SIGCONT');
    await shared(2, 2);
    await allStoreAgain();
  });

  test('one that is stopped hands over at once', async () => {
    await startPuller();
    await shared(2, 1, 1);
    const stopped = leave(pullers.indexOf(await holding()));
    stopped.kill('SIGTERM');
    await stopped.running.ended;
    const ms = await allStoreAgain();
    expect(ms).toBeLessThan(5_000);
    note('stopped', ms);
    expect((stopped.running.stdout + stopped.running.stderr).split('stopping')[1]).not.toMatch(/ERROR|WARN/);
  });

  test('a server that is killed and comes back finds each with its shards', async () => {
    await shared(2, 2);
    const before = await epochs();
    server.down('immediate');
    await sleep(7_000);
    server.up();
    await allStoreAgain();
    expect(await epochs()).toEqual(before);
  });

  test('everything that was accepted is stored once, and counted so by each puller', async () => {
    isSending = false;
    await sending;
    const sent = [...accepted.values()].reduce((sum, count) => sum + count, 0);
    const counts = async () =>
      (
        await server.query<{ rows: number; readings: number }>(
          'select count(*)::int as rows, count(distinct (execution_id, sequence))::int as readings from wasm_sensors.readings',
          database,
        )
      )[0];
    await eventually('all readings', async () => (await counts())?.rows === sent);
    expect(await counts()).toEqual({ rows: sent, readings: sent });
    await eventually('nothing in the queue without a shard', async () => (await unshardedDepth()) === 0);
    for (const puller of pullers) {
      await eventually('all shards', async () => (await summaryOf(puller)).missing === undefined);
      expect((await summaryOf(puller)).total).toMatchObject({ received: sent, gaps: 0, live: HOSTS.length });
    }
  });
});
