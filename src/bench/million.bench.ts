/**
 * `npm run bench -- million --store postgres://…`: many executions, two on each host, whose readings come as relays forward them,
 * through two proxies, the queue server and several pullers. What it takes to hold them, to answer about them, and to go on
 * where a puller ends. Options: `--sensors 50000 --shards 16 --pullers 4 --seconds 30`, at 5,000 readings/s;
 * `--seeded`: the store has them already, as a restart meets it.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { Fleet } from '../fleet/fleet.js';
import { freePort } from '../lib/net/choose-port.js';
import { waitForHttp } from '../lib/net/http-client.js';
import { selfCommand } from '../lib/process/self-command.js';
import type { Reading } from '../protocol/message.js';
import { relayedLine } from '../protocol/relay.js';
import { parseReportedConfig } from '../protocol/sensor-config.js';
import { shardOf } from '../protocol/shard.js';
import { FleetClient } from '../puller/fleet-client.js';
import type { PullerAppStats } from '../puller/puller-app.js';
import { readRunState } from '../runtime/run-state.js';
import { SharedPostgres } from '../store/postgres/shared-postgres.js';
import { freePortFlags, runCli } from './bench-cli.js';
import { serverOf, withChildren } from './database-usage.js';
import { inOwnFolder } from './own-folder.js';
import { plainTable } from './plain-table.js';
import { usages } from './usage.js';

export interface MillionOptions {
  sensors: number;
  seconds: number;
  store: string;
  shards: number;
  pullers: number;
  /** The store has a view of them already, as a restart meets it; else they are sent. */
  seeded: boolean;
}

const PER_REQUEST = 1_000;
const PER_SECOND = 5_000;
const REGIONS = ['us', 'eu', 'as'];
const REPORTED = 'v=0;src=ddddd;file=none;interval=200000;paused=0';
const TOKEN = 'bench';

export async function run({ sensors, seconds, store, shards, pullers, seeded }: MillionOptions): Promise<void> {
  const env = { WASM_SENSORS_STORE: store, WASM_SENSORS_TOKEN: 'operator', SENSOR_TOKEN: TOKEN };
  await inOwnFolder(async (dir) => {
    const say = (text: string) => console.log(`${(performance.now() / 1000).toFixed(1).padStart(6)} s  ${text}`);
    const timed = async <T>(what: string, work: () => Promise<T>, sizeOf?: (result: T) => string): Promise<T> => {
      const began = performance.now();
      const result = await work();
      say(`${what}: ${((performance.now() - began) / 1000).toFixed(2)} s${sizeOf ? `, ${sizeOf(result)}` : ''}`);
      return result;
    };
    const divided = ['--shards', String(shards)];
    if (seeded) await timed(`${sensors} executions into the store`, () => seed(store, shards, sensors));
    await timed('up', async () =>
      runCli(dir, ['up', '-d', '--nodes', '1', ...divided, ...(await freePortFlags())], env),
    );
    const state = readRunState(join(dir, '.wasm-sensors'))!;
    const { queue, puller: firstPuller, proxy } = state.endpoints;
    const queueFlags = [
      '--queue',
      `${queue}/000000000000/wasm-sensors`,
      '--queue-endpoint',
      queue!,
      '--queue-unsigned',
    ];
    const serve = async (name: string, words: string[]) => {
      const port = await freePort();
      const { command, args } = selfCommand([...words, '--port', String(port), ...queueFlags, ...divided]);
      const child = execa(command, args, {
        cwd: dir,
        env,
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: { file: join(dir, `${name}.log`) },
        reject: false,
      });
      return { name, pid: child.pid!, child, url: `http://127.0.0.1:${port}` };
    };
    const otherProxy = await serve('proxy 2', ['proxy', 'serve', '--pack', '--state-dir', join(dir, 'proxy-2')]);
    const servePuller = (n: number) => serve(`puller ${n}`, ['puller', 'serve', '--sinks', 'store,alert']);
    const others = await Promise.all(Array.from({ length: pullers - 1 }, (_, n) => servePuller(n + 2)));
    const fleet = new FleetClient(firstPuller, { token: 'operator' });
    /** Until all shards are heard of, and so many sensors. */
    const whole = async (count: number) => {
      for (let n = 1; ; n++) {
        const found = await fleet.summary().catch((error) => ({ missing: [error], total: { live: 0, silent: 0 } }));
        const { missing, total } = found;
        if (missing === undefined && total.live + total.silent === count) return;
        if (n % 100 === 0) say(`${total.live} live, ${total.silent} silent, missing: ${JSON.stringify(missing)}`);
        await sleep(100);
      }
    };
    /** Until this puller has as many shards, and every shard is heard of. */
    const divides = async (url: string, count: number) => {
      const isSo = ({ shards: known = [], missing }: PullerAppStats) =>
        missing === undefined && known.filter((one) => one.puller === url).length === count;
      while (!(await fleet.stats().then(isSo, () => false))) await sleep(50);
      await whole(sensors);
    };
    await waitForHttp(`${otherProxy.url}/health`, AbortSignal.timeout(10_000));
    const sender = new Sender([proxy, otherProxy.url], sensors);
    if (seeded) sender.sent = sensors;
    else await timed(`${sensors} executions sent`, () => sender.send(sensors));
    await timed('then until all are in the view', () => whole(sensors));
    const database = await serverOf(store);
    const measured = () => [...state.children, otherProxy, ...others];
    const [before, databaseBefore, began] = [usages(measured()), withChildren(database), performance.now()];
    const sentBefore = sender.sent;
    await sender.send(PER_SECOND * seconds, PER_SECOND);
    const elapsed = (performance.now() - began) / 1000;
    const after = usages(measured());
    const rows = measured().map(({ name }) => [
      name,
      `${((100 * (after.get(name)!.cpu - before.get(name)!.cpu)) / elapsed).toFixed(0)} %`,
      `${after.get(name)!.memory.toFixed(0)} MB`,
    ]);
    rows.push(['PostgreSQL', `${((100 * (withChildren(database) - databaseBefore)) / elapsed).toFixed(0)} %`, '']);
    say(`${((sender.sent - sentBefore) / elapsed).toFixed(0)} readings/s for ${elapsed.toFixed(0)} s:`);
    console.log(plainTable([['process', 'CPU of one core', 'memory'], ...rows], [1, 2]));

    const size = (value: unknown) => `${(JSON.stringify(value).length / 1024).toFixed(0)} KB`;
    await timed('status', () => runCli(dir, ['status'], env));
    await timed('GET /fleet/summary', () => fleet.summary(), size);
    await timed('GET /stats', () => fleet.stats(), size);
    await timed('GET /metrics', async () => (await fetch(`${firstPuller}/metrics`, OPERATOR)).text(), size);
    await timed(
      'GET /fleet?host=',
      async () => (await fetch(`${firstPuller}/fleet?host=node-000001`, OPERATOR)).text(),
      size,
    );
    await timed(
      'GET /fleet',
      async () => (await (await fetch(`${firstPuller}/fleet?limit=20000`, OPERATOR)).text()).length,
      String,
    );

    // Readings go on meanwhile.
    const sending = sender.send(PER_SECOND * 120, PER_SECOND);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const ended = others.pop();
      if (!ended) break;
      ended.child.kill(signal);
      await timed(`${signal} of a puller, until others have its shards`, () => divides(ended.url, 0));
      await sleep(3000);
      await timed('a new puller, until it has its part', async () => {
        others.unshift(await servePuller(9));
        await divides(others[0]!.url, Math.floor(shards / pullers));
      });
      await sleep(3000);
    }
    sender.end();
    await sending;
    const memory = usages(measured());
    say(
      measured()
        .map(({ name }) => `${name} ${memory.get(name)!.memory.toFixed(0)} MB`)
        .join(', '),
    );
    await timed('then until all are stored', async () => {
      while ((await fleet.summary()).total.received < sender.sent) await sleep(100);
    });
    const { total } = await fleet.summary();
    say(`sent ${sender.sent}, received ${total.received}, gaps ${total.gaps}, duplicates ${total.duplicates}`);
    if (total.received !== sender.sent || total.gaps > 0) process.exitCode = 1;
    for (const { child } of [...others, otherProxy]) child.kill();
  });
}

const OPERATOR = { headers: { authorization: 'Bearer operator' } };

/** Each execution in turn, a request at a time to each proxy. */
class Sender {
  sent = 0;
  #hasEnded = false;

  constructor(
    private readonly proxies: string[],
    private readonly sensors: number,
  ) {}

  end(): void {
    this.#hasEnded = true;
  }

  async send(count: number, perSecond = Number.POSITIVE_INFINITY): Promise<void> {
    const [began, first, last] = [performance.now(), this.sent, this.sent + count];
    const lanes = this.proxies.map(async (proxy) => {
      while (this.sent < last && !this.#hasEnded) {
        const early = ((this.sent - first) * 1000) / perSecond - (performance.now() - began);
        if (early > 0) await sleep(early);
        // The other one may have sent the last meanwhile.
        if (this.sent >= last) break;
        const lines = Array.from({ length: Math.min(PER_REQUEST, last - this.sent) }, () => this.#line(this.sent++));
        await post(proxy, lines.join(''));
      }
    });
    await Promise.all(lanes);
  }

  #line(n: number): string {
    return relayedLine({ text: JSON.stringify(readingOf(n, this.sensors)), reported: REPORTED });
  }
}

/** The n-th of all: each execution in turn. */
function readingOf(n: number, sensors: number): Reading {
  const sensor = n % sensors;
  return {
    job_id: `j-6f3cf6b0-4c5f-4c39-9f4e-1f0f4c7f2d1${sensor % 3}`,
    execution_id: `e-${sensor.toString(16).padStart(8, '0')}-2f0b-4a53-8a3e-7f3d6a1c9b01`,
    icon_name: '🚀',
    timestamp: new Date().toISOString(),
    color: '#FF5733',
    sequence: Math.floor(n / sensors) + 1,
    region: REGIONS[(sensor >> 1) % 3] ?? '',
    job_submission_time: 1742992496789,
    hostname: `node-${(sensor >> 1).toString().padStart(6, '0')}`,
    values: { temperature: 3.98, humidity: 67.82, battery: 88.1 },
  };
}

/** A view of each shard, with the first reading of each execution. */
async function seed(location: string, shards: number, sensors: number): Promise<void> {
  const fleets = Array.from({ length: shards }, () => new Fleet());
  for (const fleet of fleets) fleet.began = Date.now();
  for (let n = 0; n < sensors; n++) {
    const reading = readingOf(n, sensors);
    fleets[shardOf(reading.hostname, shards)]?.record(reading, parseReportedConfig(REPORTED), Date.now());
  }
  const store = await SharedPostgres.open(location, shards);
  await store.join('http://127.0.0.1:9');
  await store.renew();
  for (const claim of await store.claim(shards)) {
    const fleet = fleets[claim.shard];
    if (fleet) await (await store.open(claim)).saveCheckpoint(fleet.dump());
    await store.release(claim);
  }
  await store.leave();
  await store.close();
}

/** Again until all are accepted, as a relay does. */
async function post(proxy: string, body: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${proxy}/relay`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body,
    });
    const answer = await response.text();
    if (response.status === 200) return;
    if (response.status !== 503) throw new Error(`${response.status} ${answer.slice(0, 500)}`);
    await sleep(200);
  }
}
