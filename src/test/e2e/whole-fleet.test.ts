/** Three pullers over four shards of a real PostgreSQL store: each answers for the whole fleet, and says what is missing. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlertEvent, FleetEvent } from '../../fleet/fleet-events.js';
import { FleetClient } from '../../puller/fleet-client.js';
import { eventually, type Running, Sandbox } from '../support/cli-harness.js';
import { POSTGRES_BIN, PostgresServer, WHY_SKIPPED } from '../support/postgres-server.js';

const SHARDS = 4;
const HOSTS = Array.from({ length: 16 }, (_, i) => `edge-${i % 2 ? 'eu' : 'us'}-${i}`);
const SEND_EVERY_MS = 500;
/** Regions are silent after this; a puller that is killed is followed within 10 s. */
const ALERT_AFTER_S = 12;

interface Puller {
  running: Running;
  url: string;
  fleet: FleetClient;
}

describe.skipIf(POSTGRES_BIN === undefined)(`the fleet of three pullers (${WHY_SKIPPED} where it is skipped)`, () => {
  const sandbox = new Sandbox();
  const posted: AlertEvent[] = [];
  const sent = new Map<string, number>();
  const sending = new Set(['us', 'eu']);
  let isOver = false;
  let senders: Promise<unknown> = Promise.resolve();
  let server: PostgresServer;
  let webhook: Server;
  let proxy: string;
  let pullers: Puller[] = [];

  const urlOf = (running: Running, purpose: string): Promise<string> =>
    eventually(`a ${purpose} that listens`, () => {
      const output = running.stdout + running.stderr;
      if (running.child.exitCode !== null) throw new Error(output);
      return new RegExp(`${purpose} on (http://[^ ]+)`).exec(output)?.[1];
    });

  beforeAll(async () => {
    server = await PostgresServer.start();
    const store = await server.database();
    webhook = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const alert = JSON.parse(body) as AlertEvent & { alerts?: AlertEvent[] };
        posted.push(...(alert.alerts ?? [alert]));
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(webhook, 'listening');
    const hook = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`;
    const shards = ['--shards', String(SHARDS)];
    const endpoint = await urlOf(sandbox.spawn(['queue', 'serve', '--port', '0', '--create', 'q', ...shards]), 'queue');
    const named = [
      '--queue',
      `${endpoint}/000000000000/q`,
      '--queue-endpoint',
      endpoint,
      '--queue-unsigned',
      ...shards,
    ];
    proxy = await urlOf(sandbox.spawn(['proxy', 'serve', '--port', '0', ...named]), 'proxy');
    const start = async (token: string): Promise<Puller> => {
      const sinks = ['--sinks', 'store,alert', '--alert-after', String(ALERT_AFTER_S)];
      const env = { WASM_SENSORS_STORE: store, WASM_SENSORS_WEBHOOK: hook, WASM_SENSORS_VIEWER_TOKEN: token };
      const running = sandbox.spawn(['puller', 'serve', '--port', '0', ...sinks, ...named], env);
      const url = await urlOf(running, 'puller');
      return { running, url, fleet: new FleetClient(url, { token }) };
    };
    // They are locked, and know each other though what reads one of them does not read the others.
    pullers = [await start('viewer-a')];
    pullers.push(...(await Promise.all([start('viewer-b'), start('viewer-c')])));
    senders = Promise.all(HOSTS.map(send));
    await eventually('shares', async () => {
      const { shards: held = [] } = await pullers[0]!.fleet.stats();
      return held.length === SHARDS && new Set(held.map(({ puller }) => puller)).size === 3;
    });
    for (const { fleet } of pullers) {
      await eventually('all', async () => (await fleet.summary()).total.live === HOSTS.length);
    }
  });
  afterAll(async () => {
    isOver = true;
    await senders.catch(() => {});
    await sandbox.close();
    webhook.close();
    server.stop();
  });

  async function send(hostname: string): Promise<void> {
    const region = hostname.slice(5, 7);
    while (!isOver) {
      await sleep(SEND_EVERY_MS);
      if (!sending.has(region)) continue;
      const sequence = (sent.get(hostname) ?? 0) + 1;
      const reading = {
        ...{ job_id: 'j', execution_id: `e-${hostname}`, icon_name: '', color: '#ffffff', hostname, sequence, region },
        ...{ timestamp: new Date().toISOString(), job_submission_time: 1 },
      };
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(reading) };
      if (await fetch(`${proxy}/send`, init).then(({ ok }) => ok)) sent.set(hostname, sequence);
    }
  }

  const holderOf = async (shard: number): Promise<Puller> => {
    const { shards = [] } = await pullers[0]!.fleet.stats();
    const url = shards.find((one) => one.shard === shard)?.puller ?? pullers[0]!.url;
    return pullers.find((one) => one.url === url)!;
  };

  test('tail at any puller has every reading of every host once: what is stored, and what comes', async () => {
    const since = Date.now();
    const from = new Map(sent);
    const end = new AbortController();
    const heard = pullers.map(({ fleet }) => {
      const events: FleetEvent[] = [];
      const listen = async () => {
        for await (const event of fleet.events({ since: since - 3000, kinds: ['reading'], signal: end.signal })) {
          events.push(event);
        }
      };
      void listen().catch(() => {});
      return events;
    });
    await sleep(6000);
    const until = new Map(sent);
    await sleep(1500);
    end.abort();
    for (const events of heard) {
      const numbers = events.flatMap((event) =>
        event.event === 'reading' ? [`${event.reading.hostname} ${event.reading.sequence}`] : [],
      );
      const all = [...until].flatMap(([host, last]) => {
        const first = (from.get(host) ?? 0) + 1;
        return Array.from({ length: last - first + 1 }, (_, i) => `${host} ${first + i}`);
      });
      expect(all.filter((number) => !numbers.includes(number))).toEqual([]);
      expect(numbers).toHaveLength(new Set(numbers).size);
    }
    const tail = sandbox.spawn(['tail', '-o', 'ndjson', '--puller-url', pullers[1]!.url], {
      WASM_SENSORS_VIEWER_TOKEN: 'viewer-b',
    });
    await eventually('readings of all hosts', () => HOSTS.every((host) => tail.stdout.includes(`"${host}"`)));
    tail.child.kill();
  });

  test('one that hangs: the others answer within 1.5 s, without its shards, and say so; then with them', async () => {
    const hung = await holderOf(3);
    const asked = pullers.find((one) => one !== hung)!;
    hung.running.child.kill('SIGSTOP');
    const began = performance.now();
    const { summary, sensors } = await asked.fleet.snapshot();
    expect(performance.now() - began).toBeLessThan(1500);
    expect(summary.missing).toEqual([
      { puller: hung.url, shards: expect.arrayContaining([3]), why: 'it does not answer' },
    ]);
    expect(sensors.length).toBeLessThan(HOSTS.length);
    const again = performance.now();
    expect((await asked.fleet.stats()).missing).toHaveLength(1);
    expect(performance.now() - again).toBeLessThan(500);
    await eventually('takeover', async () => (await asked.fleet.summary()).missing === undefined);
    expect((await asked.fleet.snapshot()).sensors).toHaveLength(HOSTS.length);
    hung.running.child.kill('SIGCONT');
    await eventually('its part again', async () => {
      const { shards = [], missing } = await asked.fleet.stats();
      return missing === undefined && shards.some(({ puller }) => puller === hung.url);
    });
    expect(posted).toEqual([]);
  });

  test('an alert is posted once, also where the puller that raised it is killed', async () => {
    sending.delete('eu');
    await eventually('the alert', () => posted.length > 0);
    const holder = await holderOf(0);
    const others = pullers.filter((one) => one !== holder);
    for (const { fleet } of others) {
      const end = new AbortController();
      for await (const event of fleet.events({ kinds: ['alert'], signal: end.signal })) {
        expect(event).toMatchObject({ type: 'region.silent', region: 'eu', firing: true });
        end.abort();
        break;
      }
    }
    holder.running.child.kill('SIGKILL');
    pullers = others;
    await eventually('takeover', async () => (await others[0]!.fleet.summary()).missing === undefined);
    await sleep(5000);
    expect(posted.map(({ type, firing }) => [type, firing])).toEqual([['region.silent', true]]);
    sending.add('eu');
    await eventually('its end', () => posted.length > 1);
    await sleep(1500);
    expect(posted.map(({ type, firing }) => [type, firing])).toEqual([
      ['region.silent', true],
      ['region.silent', false],
    ]);
  });
});
