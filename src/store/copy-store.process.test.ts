/** A store that moves from a file to a real PostgreSQL server. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Fleet } from '../fleet/fleet.js';
import { closeDatabase, openSqlite } from '../lib/sqlite/driver.js';
import type { Reading } from '../protocol/message.js';
import { parseReportedConfig } from '../protocol/sensor-config.js';
import { shardOf } from '../protocol/shard.js';
import { POSTGRES_BIN, PostgresServer, WHY_SKIPPED } from '../test/support/postgres-server.js';
import { openPostgresStore } from '../test/support/postgres-store.js';
import { copyStore } from './copy-store.js';
import { HOUR_MS, MINUTE_MS } from './history.js';
import type { PostgresStore } from './postgres/postgres-store.js';
import { SharedPostgres } from './postgres/shared-postgres.js';
import { SqliteStore } from './sqlite/sqlite-store.js';
import type { ReadingsStore, StoredReading, StoreEntry } from './store.js';

const T0 = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * 24 * HOUR_MS;
const COUNT = 8_000;

const entry = (n: number, over: Partial<Reading> = {}): StoreEntry => {
  const at = T0 + n * 20_000;
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: `e${n % 7}`, hostname: `edge-${n % 7}`, icon_name: '🦊', color: '#ffffff' },
    ...{ region: n % 2 ? 'eu' : 'us', sequence: Math.floor(n / 7) + 1, timestamp: new Date(at).toISOString() },
    ...{ job_submission_time: 1, values: { temperature: (n % 100) / 8 } },
    ...over,
  };
  const config = n % 3 ? undefined : parseReportedConfig('v=5;src=nadfd;file=bad;interval=500;paused=1');
  return { id: `m${n}`, body: '', reading, config, receivedAt: at + 5 };
};

describe.skipIf(POSTGRES_BIN === undefined)(`store copy (${WHY_SKIPPED} where it is skipped)`, () => {
  let server: PostgresServer;
  let url: string;
  let folder: string;
  const path = () => join(folder, 'readings.db');
  const open: ReadingsStore[] = [];
  const opened = <S extends ReadingsStore>(store: S): S => {
    open.push(store);
    return store;
  };
  const closeAll = async () => {
    for (const store of open.splice(0)) await store.close();
  };
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'copy-'));
    url = await server.database();
  });
  afterEach(async () => {
    await closeAll();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As a puller leaves it: a checkpoint, and readings after it. */
  function fill(): SqliteStore {
    const store = new SqliteStore(path());
    const fleet = new Fleet();
    for (let n = 0; n < COUNT; n += 1_000) {
      const group = Array.from({ length: 1_000 }, (_, i) => entry(n + i));
      store.append(group);
      if (n < COUNT / 2)
        for (const { reading, config, receivedAt } of group) fleet.record(reading!, config, receivedAt);
      if (n === COUNT / 2 - 1_000) store.saveCheckpoint(fleet.dump());
    }
    const body = JSON.stringify({ text: 'Hello 🌡️ \u0000' });
    store.append([{ id: 'a message', body, reading: undefined, config: undefined, receivedAt: T0 }]);
    store.addSamples([{ metric: 'queue.depth', region: '', value: 7 }], T0);
    return store;
  }

  /** The driver lets go of a file with a log only when its statements are collected; a puller that has ended leaves the log on. */
  const end = (store: SqliteStore) => {
    closeDatabase(store.database);
    const file = openSqlite(path());
    file.exec('pragma journal_mode = wal');
    file.close();
  };

  const everything = async (store: ReadingsStore) => {
    const range = { from: T0 - HOUR_MS, to: T0 + 96 * HOUR_MS, region: undefined, host: undefined };
    const ask = (over: object) =>
      store.history({ metric: 'temperature', step: HOUR_MS, ...range, ...over }, Date.now());
    const { fleet, after } = await store.loadCheckpoint();
    const view = new Fleet();
    view.load(fleet);
    const rest: StoredReading[] = [];
    for await (const row of after) rest.push(row);
    for (const { reading, receivedAt } of rest) view.record(reading, undefined, receivedAt);
    return {
      readings: await store.readingsAfter(0, 2 * COUNT),
      messages: [...(await store.messagesAfter({ receivedAt: 0, id: 0 }, 100, 1e6))],
      history: [
        ...[await ask({}), await ask({ host: 'edge-3' }), await ask({ metric: 'queue.depth' })],
        await ask({ step: MINUTE_MS, to: T0 + 24 * HOUR_MS, host: 'edge-1', metric: 'readings.lateness' }),
      ],
      rest: rest.length,
      view: view.view(T0 + 96 * HOUR_MS),
    };
  };

  test('all is there that was in the file, also where a copy ended amid it', async () => {
    const file = fill();
    for (let now = T0; file.rollUp(now) || file.notRolledUp > 0; now += MINUTE_MS);
    const before = await everything(file);
    end(file);
    for (const table of ['sensor_minute_rows', 'readings']) {
      const fail = (at: string, rows: number) => {
        if (at === table && rows === 5_000) throw new Error('ended');
      };
      await expect(copyStore(path(), url, 1, fail)).rejects.toThrow('ended');
    }
    const copied = new Map<string, number>();
    const tables = await copyStore(path(), url, 1, (table, rows) => void copied.set(table, rows));
    expect(copied.get('readings')).toBe(COUNT - 5_000);
    expect(tables.map(({ from, to }) => to - from)).toEqual(tables.map(() => 0));
    expect(tables).toContainEqual({ table: 'readings', from: COUNT, to: COUNT });
    const store = opened(await openPostgresStore(url));
    // What the file has rolled up is not rolled up again.
    for (let now = T0; await store.rollUp(now); now += MINUTE_MS);
    expect(await everything(store)).toEqual(before);
    await store.append([entry(COUNT)]);
    expect((await store.readingsAfter(COUNT - 1, 10)).map(({ id }) => id)).toEqual([COUNT, COUNT + 1]);
  });

  test('several shards have each their hosts, and together the same view', async () => {
    const file = fill();
    const before = await everything(file);
    end(file);
    await copyStore(path(), url, 3, () => {});
    const shared = await SharedPostgres.open(url, 3);
    await shared.join('http://a');
    await shared.renew();
    const parts = [];
    for (const claim of await shared.claim(3)) {
      const part = await everything(await shared.open(claim));
      const hosts = part.readings.map(({ reading }) => reading.hostname);
      expect(new Set(hosts.map((host) => shardOf(host, 3)))).toEqual(new Set([claim.shard]));
      parts.push(part);
    }
    await shared.close();
    const byId = (a: StoredReading, b: StoredReading) => a.id - b.id;
    expect(parts.flatMap(({ readings }) => readings).sort(byId)).toEqual(before.readings);
    expect(parts.map(({ messages }) => messages.length)).toEqual([1, 0, 0]);
    expect(parts[1]?.history).toEqual(before.history);
    expect(parts.reduce((sum, { rest }) => sum + rest, 0)).toBe(before.rest);
    const name = ({ hostname }: { hostname: string }) => hostname;
    const views = parts.flatMap(({ view }) => view);
    expect(views.sort((x, y) => name(x).localeCompare(name(y)))).toEqual(
      before.view.sort((x, y) => name(x).localeCompare(name(y))),
    );
  });

  test('days of the file become tables of their own', async () => {
    end(fill());
    await copyStore(path(), url, 1, () => {});
    const name = new URL(url).pathname.slice(1);
    expect(await server.query('select count(*)::int as n from wasm_sensors.readings_other', name)).toEqual([{ n: 0 }]);
  });

  test('readings that are not what was written are left out', async () => {
    end(fill());
    const file = openSqlite(path());
    file.exec("update readings set hostname = 'another' where id = 5");
    file.close();
    const tables = await copyStore(path(), url, 1, () => {});
    expect(tables).toContainEqual({ table: 'readings', from: COUNT - 1, to: COUNT - 1 });
  });

  test.each(['text of somebody else\n', ''])('a file that is no store is left as it is: %j', async (text) => {
    writeFileSync(path(), text, { mode: 0o644 });
    await expect(copyStore(path(), url, 1, () => {})).rejects.toMatchObject({ code: 'NO_STORE' });
    expect([readdirSync(folder), readFileSync(path(), 'utf8')]).toEqual([['readings.db'], text]);
    expect(statSync(path()).mode & 0o777).toBe(0o644);
  });

  test('a store that a puller uses, or has used, is left alone', async () => {
    const copy = (at = path()) => copyStore(at, url, 1, () => {}).catch(({ code }: { code: string }) => code);
    expect(await copy()).toBe('NO_STORE');
    end(fill());
    const store = opened(await openPostgresStore(url));
    expect(await copy()).toBe('STORE_IN_USE');
    await store.append([entry(0, { execution_id: 'another' })]);
    await closeAll();
    expect(await copy()).toBe('STORE_IN_USE');
    url = await server.database();
    opened(new SqliteStore(path()));
    expect(await copy()).toBe('STORE_IN_USE');
  });

  test('a puller that opens the database meanwhile ends the copy', async () => {
    end(fill());
    let store: Promise<PostgresStore> | undefined;
    const copy = copyStore(path(), url, 1, (table) => {
      if (table === 'sensor_series') store ??= openPostgresStore(url);
    });
    await expect(copy).rejects.toMatchObject({ code: 'STORE_TAKEN' });
    opened(await store!);
  });
});
