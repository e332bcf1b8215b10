/** A store that several pullers share: leases by the clock of a real server, and what shards do side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Reading } from '../../protocol/message.js';
import { POSTGRES_BIN, PostgresServer, WHY_SKIPPED } from '../../test/support/postgres-server.js';
import { openPostgresStore } from '../../test/support/postgres-store.js';
import type { AnswerLine } from '../answer.js';
import { HOUR_MS, MINUTE_MS } from '../history.js';
import type { ReadingsStore, StoreEntry } from '../store.js';
import { Database } from './database.js';
import { readPostgres } from './read-store.js';
import { SharedPostgres } from './shared-postgres.js';

const T0 = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
const SHARDS = 4;

let sequence = 0;
function entry(host: string, at = T0): StoreEntry {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: host, hostname: host, icon_name: '', color: '#ffffff', region: 'eu' },
    ...{ sequence: ++sequence, timestamp: new Date(at).toISOString(), job_submission_time: 1 },
    ...{ values: { temperature: 1 } },
  };
  return { id: `m${sequence}`, body: '', reading, config: undefined, receivedAt: T0 + sequence };
}

describe.skipIf(POSTGRES_BIN === undefined)(`a shared PostgreSQL store (${WHY_SKIPPED} where it is skipped)`, () => {
  let server: PostgresServer;
  let url: string;
  const open: SharedPostgres[] = [];
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    url = await server.database();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function join(address: string, shards = SHARDS): Promise<SharedPostgres> {
    const shared = await SharedPostgres.open(url, shards);
    open.push(shared);
    await shared.join(address);
    await shared.renew();
    return shared;
  }
  const shardsOf = async (of: SharedPostgres) =>
    (await of.renew()).map(({ url: at, claims }) => [at, claims.map(({ shard }) => shard)]);

  test('a connection that ends between two statements ends its transaction, and nothing else', async () => {
    const database = new Database(url, 'test');
    const failures: unknown[] = [];
    const note = (error: unknown) => failures.push(error);
    process.prependListener('uncaughtException', note);
    const work = database.transaction(async (run) => {
      const [{ pid } = { pid: 0 }] = await run<{ pid: number }>('select pg_backend_pid() as pid');
      await server.query(`select pg_terminate_backend(${pid}, 5000)`);
      await sleep(200);
      await run('select 1');
    });
    await expect(work).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    process.off('uncaughtException', note);
    expect(failures).toEqual([]);
    expect(await database.transaction((run) => run('select 1 as one'))).toEqual([{ one: 1 }]);
    await database.close();
  });

  test('the number of shards is that of the first start', async () => {
    await join('http://a');
    await expect(SharedPostgres.open(url, 3)).rejects.toMatchObject({
      code: 'STORE_SHARDS',
      hint: expect.stringContaining('--shards 4'),
    });
    await expect(openPostgresStore(url)).rejects.toMatchObject({ code: 'STORE_SHARDS' });
  });

  test('its pullers have one secret, which nobody else has', async () => {
    const [a, b] = await Promise.all([join('http://a'), join('http://b')]);
    expect(a.secret).toMatch(/^[\w-]{32}$/);
    expect([b.secret, (await join('http://c')).secret]).toEqual([a.secret, a.secret]);
    const database = new URL(url).pathname.slice(1);
    const others =
      "select privilege_type from information_schema.table_privileges where table_name = 'peer_secret' and grantee <> grantor";
    expect(await server.query(others, database)).toEqual([]);
    const asked = async () => {
      for await (const _ of readPostgres({ path: url, sql: 'select secret from peer_secret' }));
    };
    await expect(asked()).rejects.toThrow('the store can only be read');
  });

  test('a shard has one holder: what is free is taken once, and what is released by others', async () => {
    const [a, b] = [await join('http://a'), await join('http://b')];
    const taken = await Promise.all([a.claim(2), b.claim(2), a.claim(1), b.claim(1)]);
    expect(taken.flat()).toHaveLength(SHARDS);
    expect(new Set(taken.flat().map(({ shard }) => shard)).size).toBe(SHARDS);
    const [first] = (await a.renew())[0]!.claims;
    await a.release(first!);
    expect((await b.claim(4)).map(({ shard }) => shard)).toEqual([first!.shard]);
  });

  test('who does not renew has lost its shards after six seconds, and stores nothing of them', async () => {
    const [a, b] = [await join('http://a'), await join('http://b')];
    const stores = await Promise.all((await a.claim(4)).map((claim) => a.open(claim)));
    await stores[1]!.append([entry('h')]);
    const began = Date.now();
    while ((await b.claim(4)).length === 0) {
      await sleep(200);
      await b.renew();
    }
    expect(Date.now() - began).toBeGreaterThan(4_000);
    // The server has just started, perhaps.
    expect(Date.now() - began).toBeLessThan(18_000);
    for (const store of stores) await expect(store.append([entry('h')])).rejects.toMatchObject({ code: 'STORE_TAKEN' });
    await expect(stores[1]!.saveCheckpoint({ sensors: [], retired: {} })).rejects.toMatchObject({
      code: 'STORE_TAKEN',
    });
    // It is there again, as the youngest, and has none.
    expect(await shardsOf(a)).toEqual([
      ['http://b', [0, 1, 2, 3]],
      ['http://a', []],
    ]);
  });

  test('a puller that starts again at its address takes the place of the one that was killed there', async () => {
    await (await join('http://a')).claim(4);
    const again = await join('http://a');
    expect(await again.claim(4)).toHaveLength(4);
    // The same address on another machine is somebody else.
    const database = new URL(url).pathname.slice(1);
    await server.query("update wasm_sensors.pullers set id = 'elsewhere-1'", database);
    await server.query("update wasm_sensors.shards set puller = 'elsewhere-1'", database);
    const third = await join('http://a');
    expect(await third.claim(4)).toHaveLength(0);
  });

  describe('its shards', () => {
    let stores: ReadingsStore[];
    beforeEach(async () => {
      const [a, b] = [await join('http://a'), await join('http://b')];
      const claims = [...(await a.claim(2)), ...(await b.claim(2))].sort((x, y) => x.shard - y.shard);
      stores = await Promise.all(claims.map((claim, i) => (i < 2 ? a : b).open(claim)));
    });

    test('have their own order of arrival, checkpoint and messages', async () => {
      await Promise.all(stores.map((store, i) => store.append([entry(`h${i}`), entry(`h${i}`)])));
      await stores[1]!.saveCheckpoint({ sensors: [], retired: {}, began: 5 });
      await stores[1]!.append([entry('h1')]);
      const after = async (store: ReadingsStore) => {
        const hosts: string[] = [];
        for await (const { reading } of (await store.loadCheckpoint()).after) hosts.push(reading.hostname);
        return hosts.join();
      };
      expect(await Promise.all(stores.map(after))).toEqual(['h0,h0', 'h1', 'h2,h2', 'h3,h3']);
      await stores[0]!.append([{ ...entry('x'), body: '{}', reading: undefined }]);
      const messages = async (store: ReadingsStore) =>
        [...(await store.messagesAfter({ receivedAt: 0, id: 0 }, 9, 1e6))].length;
      expect(await Promise.all(stores.map(messages))).toEqual([1, 0, 0, 0]);
    });

    test('roll the same regions up side by side, and history and exports have all of them, rolled up or not', async () => {
      const rounds = 15;
      const days = [T0, T0 - 26 * HOUR_MS];
      const work = stores.map(async (store, i) => {
        for (let round = 0; round < rounds; round++) {
          await store.append(Array.from({ length: 40 }, (_, n) => entry(`h${i}`, days[n % 2]! + (n + round) * 500)));
          if (round < rounds - 3) await store.rollUp(Date.now() + round * MINUTE_MS);
        }
      });
      await Promise.all(work);
      const range = { metric: 'temperature', region: undefined, from: T0, to: T0 + HOUR_MS, step: MINUTE_MS };
      const count = async (host?: string) =>
        ((await stores[3]!.history({ ...range, host }, Date.now())) ?? [])
          .flatMap(({ points }) => points)
          .reduce((sum, point) => sum + point.count, 0);
      expect([await count(), await count('h2')]).toEqual([SHARDS * rounds * 20, rounds * 20]);
      for (const store of stores) {
        for (let now = T0; (await store.rollUp(now)) || store.notRolledUp > 0; now += MINUTE_MS);
      }
      expect([await count(), await count('h2')]).toEqual([SHARDS * rounds * 20, rounds * 20]);
      const lines: AnswerLine[] = [];
      const readings = { since: T0, until: T0 + 2 * HOUR_MS, values: 'object' as const };
      for await (const line of readPostgres({ path: url, readings })) if (line) lines.push(line);
      expect(lines.at(-1)).toEqual({ end: { rows: SHARDS * rounds * 40 } });
    });

    test('are forgotten by the holder of shard 0, once each is rolled up', async () => {
      const old = Date.now() - 5 * 24 * HOUR_MS;
      await Promise.all(stores.map((store, i) => store.append([entry(`h${i}`, old)])));
      await stores[0]!.rollUp(Date.now());
      const retention = { readings: -1_000, minutes: 1e12, hours: 1e12 };
      const left = async () =>
        (await server.query('select from wasm_sensors.readings', new URL(url).pathname.slice(1))).length;
      await stores[1]!.forget(retention);
      expect(await left()).toBe(4);
      await stores[0]!.forget(retention);
      expect(await left()).toBe(3);
      for (const store of stores.slice(1)) await store.rollUp(Date.now());
    });
  });
});
