/**
 * `npm run bench -- config`: how long until running sensors show a new configuration, small fleet and large; and what
 * the feature costs `/send`: the same load from sensors that know nothing of it, and on a configured proxy from sensors that report.
 */
import { Pool } from 'undici';
import { listen } from '../lib/net/http-server.js';
import { desiredConfigStore } from '../proxy/desired-config-store.js';
import { createProxy } from '../proxy/proxy.js';
import type { Queue } from '../queue/queue.js';
import { freePortFlags, runCli } from './bench-cli.js';
import { inOwnFolder } from './own-folder.js';
import { plainTable } from './plain-table.js';

export interface ConfigBenchOptions {
  /** Of the large fleet. */
  sensors: number;
  network: string;
}

const ROUNDS = 5;
const SECONDS = 4;

export async function run({ sensors, network }: ConfigBenchOptions): Promise<void> {
  await converge(network, 1, 1);
  await converge(network, Math.ceil(sensors / 3), 2);
  await sendCost();
}

/** Three changes of colour, one after the other, each until the readings of all show it. */
async function converge(network: string, perRegion: number, interval: number): Promise<void> {
  await inOwnFolder(async (dir) => {
    const args = [
      'up',
      '-d',
      '--network',
      network,
      '--deploy',
      '--nodes',
      String(perRegion),
      '--interval',
      String(interval),
    ];
    await runCli(dir, [...args, '--timeout', '120', ...(await freePortFlags(network))]);
    const times: number[] = [];
    for (const color of ['#aa0000', '#00aa00', '#0000aa']) {
      const { data } = JSON.parse(await runCli(dir, ['config', 'set', `color=${color}`, '-o', 'json'])) as {
        data: { seconds: number };
      };
      times.push(data.seconds);
    }
    console.log(
      `${network}: ${perRegion * 3} sensors at ${interval} s: converged after ${times.map((t) => `${t.toFixed(2)} s`).join(', ')}`,
    );
  });
}

/** A queue that takes everything at once: what is measured is the proxy alone. */
const swallow: Queue = {
  name: 'none',
  send: async (messages) => messages.map((_, i) => ({ ok: true, id: String(i) })),
  receive: async () => [],
  delete: async () => [],
  deadLetter: async () => '',
  depth: async () => ({ visible: 0, inFlight: 0, delayed: 0 }),
  deadLetterDepth: async () => undefined,
  close: () => {},
};

/** Alternates between both proxies, so that a change of the machine's speed meets them alike. */
async function sendCost(): Promise<void> {
  const plain = createProxy({ queue: swallow });
  const desired = desiredConfigStore();
  for (let host = 0; host < 10_000; host += 100) {
    desired.patch({ scope: { hostname: `edge-us-${host}` }, set: { interval: 2 }, unset: [] }, Date.now());
  }
  const { version } = desired.patch({ scope: {}, set: { color: '#00ff88' }, unset: [] }, Date.now());
  const configured = createProxy({ queue: swallow, desired });
  const rates: Record<'without' | 'with', number[]> = { without: [], with: [] };
  for (let round = 0; round < ROUNDS; round++) {
    rates.without.push(await load(plain.app.fetch, undefined));
    rates.with.push(await load(configured.app.fetch, version));
  }
  const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
  const [without, with_] = [median(rates.without), median(rates.with)];
  console.log(
    plainTable(
      [
        ['/send', 'requests/s', 'ratio'],
        ['sensors that report no configuration', without.toFixed(0), '1.00'],
        ['configured, 10,000 hosts up to date', with_.toFixed(0), (with_ / without).toFixed(2)],
      ],
      [1, 2],
    ),
  );
}

/** Requests a second with 64 connections, from 10,000 hosts in turn. */
async function load(
  fetch: (request: Request) => Response | Promise<Response>,
  version: number | undefined,
): Promise<number> {
  const listener = await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'proxy', flag: '' });
  const pool = new Pool(listener.url, { connections: 64 });
  const headers = {
    'content-type': 'application/json',
    ...(version === undefined ? {} : { 'x-sensor-config': `v=${version};src=ddddd;file=none;interval=2000;paused=0` }),
  };
  let done = 0;
  const deadline = Date.now() + SECONDS * 1000;
  const sender = async (first: number) => {
    for (let sequence = 1; Date.now() < deadline; sequence++) {
      const hostname = `edge-us-${(first + sequence * 64) % 10_000}`;
      const { body } = await pool.request({ method: 'POST', path: '/send', headers, body: bodyOf(hostname, sequence) });
      await body.dump();
      done++;
    }
  };
  await Promise.all(Array.from({ length: 64 }, (_, i) => sender(i)));
  await pool.close();
  await listener.close(0);
  return done / SECONDS;
}

function bodyOf(hostname: string, sequence: number): string {
  return JSON.stringify({
    job_id: 'j-bench',
    execution_id: `e-${hostname}`,
    icon_name: '🚀',
    timestamp: new Date().toISOString(),
    color: '#00ff88',
    sequence,
    region: 'us',
    job_submission_time: 1,
    hostname,
  });
}
