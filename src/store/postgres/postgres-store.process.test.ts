/** What only a server can do: be away, refuse, be taken by another puller, and be asked by others. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../lib/net/choose-port.js';
import type { Reading } from '../../protocol/message.js';
import { LOCALHOST, OWN_KEY, SIGNED } from '../../test/support/certificates.js';
import { POSTGRES_BIN, PostgresServer, WHY_SKIPPED } from '../../test/support/postgres-server.js';
import { openPostgresStore } from '../../test/support/postgres-store.js';
import { canMount, SmallDisk } from '../../test/support/small-disk.js';
import { type AnswerLine, type ReadRequest, SCHEMA_SQL } from '../answer.js';
import { HOUR_MS } from '../history.js';
import type { StoreEntry } from '../store.js';
import { checkDatabase } from './check-database.js';
import type { PostgresStore } from './postgres-store.js';
import { readPostgres } from './read-store.js';

const DAY = 24 * HOUR_MS;
const T0 = Date.now();

let sequence = 0;
function entry(at = T0, over: Partial<Reading> = {}): StoreEntry {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: 'e', hostname: 'edge-eu-1', icon_name: '', color: '#ffffff', region: 'eu' },
    ...{ sequence: ++sequence, timestamp: new Date(at).toISOString(), job_submission_time: 1 },
    ...{ values: { temperature: sequence }, ...over },
  };
  return { id: `m${sequence}`, body: '', reading, config: undefined, receivedAt: at };
}

describe.skipIf(POSTGRES_BIN === undefined)(`a PostgreSQL store (${WHY_SKIPPED} where it is skipped)`, () => {
  let server: PostgresServer;
  let url: string;
  const open: PostgresStore[] = [];
  async function openStore(at = url): Promise<PostgresStore> {
    const store = await openPostgresStore(at);
    open.push(store);
    return store;
  }
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    url = await server.database();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const store of open.splice(0)) await store.close();
  });
  const databaseOf = (of: string) => new URL(of).pathname.slice(1);
  const sequences = async (store: PostgresStore) =>
    (await store.readingsAfter(0, 10_000)).map(({ reading }) => reading.sequence);

  test('a server that is killed and comes back loses nothing that was stored, and the store goes on by itself', async () => {
    const store = await openStore();
    const [a, b] = [entry(), entry()];
    await store.append([a]);
    server.down('immediate');
    await expect(store.append([b])).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await expect(store.check()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    server.up();
    await store.append([b]);
    await store.check();
    expect(await sequences(store)).toEqual([a, b].map(({ reading }) => reading!.sequence));
  });

  test('a standby is refused; where it takes the place of the server, the store goes on by itself', async () => {
    const store = await openStore();
    await store.append([entry()]);
    const standby = await server.standby();
    try {
      const there = url.replace(`:${server.port}/`, `:${standby.port}/`);
      await expect(openPostgresStore(there)).rejects.toMatchObject({ hint: expect.stringMatching(/standby/) });
      expect((await checkDatabase(there, 1)).problems).toMatchObject([
        { isFatal: true, why: expect.stringMatching(/standby/) },
      ]);
      server.down('immediate');
      await expect(store.append([entry()])).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      standby.replace(server);
      await store.append([entry()]);
      expect(await sequences(store)).toHaveLength(2);
    } finally {
      standby.stop();
      server.up();
    }
  });

  test.skipIf(!canMount())('on a full disk nothing of a group is stored; with room it goes on', async () => {
    const space = join(server.folder, 'space');
    mkdirSync(space);
    const disk = new SmallDisk(space, 32);
    const { uid, gid } = statSync(join(server.folder, 'data'));
    chownSync(space, uid, gid);
    try {
      await server.query(`create tablespace small location '${space}'`);
      await server.query(`alter database ${databaseOf(url)} set tablespace small`);
      const store = await openStore();
      await store.append([entry()]);
      disk.fill();
      const full = { code: 'STORE_UNREACHABLE', hint: expect.stringMatching(/full/) };
      await expect(store.append(Array.from({ length: 5_000 }, () => entry()))).rejects.toMatchObject(full);
      disk.makeRoom();
      await store.append([entry()]);
      expect(await sequences(store)).toHaveLength(2);
      await open.pop()!.close();
      await server.query(`drop database ${databaseOf(url)} with (force)`);
      await server.query('drop tablespace small');
    } finally {
      disk.unmount();
    }
  });

  test('of a group that a hanging server may have stored nothing is stored twice', async () => {
    const store = await openStore();
    await store.append([entry()]);
    const lost = entry();
    server.signal('SIGSTOP');
    // Stored or not: nobody knows.
    const ended = store.append([lost]).catch(() => {});
    setTimeout(() => server.signal('SIGCONT'), 2_000);
    await ended;
    await store.append([lost, entry()]);
    expect(await sequences(store)).toHaveLength(3);
  });

  test('who opens the store takes it from the one before, which stores nothing more and says why', async () => {
    const first = await openStore();
    await first.append([entry()]);
    const second = await openStore();
    for (const work of [() => first.append([entry()]), () => first.saveCheckpoint({ sensors: [], retired: {} })]) {
      await expect(work()).rejects.toMatchObject({ code: 'STORE_TAKEN' });
    }
    await expect(first.rollUp(T0)).rejects.toMatchObject({ code: 'STORE_TAKEN' });
    await expect(first.check()).rejects.toMatchObject({ code: 'STORE_TAKEN' });
    await second.append([entry()]);
    expect(await sequences(second)).toHaveLength(2);
  });

  test('several that start at the same time make the tables once, and the last one has the store', async () => {
    const opened = await Promise.allSettled([1, 2, 3].map(() => openStore()));
    const failures = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(failures).toEqual(failures.map(() => 'STORE_TAKEN'));
    expect(failures.length).toBeLessThan(3);
    const [row] = await server.query<{ n: number }>(
      'select count(*)::int as n from wasm_sensors.schema_version',
      databaseOf(url),
    );
    expect(row).toEqual({ n: 1 });
  });

  test.each([
    ['a wrong password', () => url.replace(/:[^:@]+@/, ':wr0ng-secret@'), 'STORE_DENIED'],
    ['no such database', () => `${url}x`, 'STORE_NOT_FOUND'],
    ['nobody who answers', () => url.replace(/:\d+\//, ':1/'), 'STORE_UNREACHABLE'],
    ['a server without TLS that is asked for it', () => `${url}?sslmode=require`, 'STORE_UNREACHABLE'],
    ['a database in which the user may do nothing', () => url.replace(/\/db\d+$/, '/postgres'), 'STORE_DENIED'],
    ['one connection, where two wait for one another', () => `${url}?connections=1`, 'BAD_SETTING'],
    ['a time that is no number', () => `${url}?statement_timeout=1min`, 'BAD_SETTING'],
    ['an unknown parameter', () => `${url}?sslmood=require`, 'BAD_SETTING'],
  ])('%s is said, and no password with it', async (_, location, code) => {
    const error = await openPostgresStore(location()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    const { message, hint, stack } = error as { message: string; hint?: string; stack: string };
    expect(`${message} ${hint} ${stack}`).not.toMatch(/wr0ng-secret|se(?: |%20)cret/);
  });

  test('has no more connections than its URL allows, and as much time', async () => {
    const store = await openStore(`${url}?connections=2&statement_timeout=7000`);
    await Promise.all(Array.from({ length: 9 }, () => store.append([entry()])));
    const name = databaseOf(url);
    const [open] = await server.query(`select count(*)::int as n from pg_stat_activity where datname = '${name}'`);
    expect(open).toEqual({ n: 2 });
  });

  test('a store of a newer version is left alone', async () => {
    await (await openStore()).close();
    open.length = 0;
    await expect(checkDatabase(url, 4)).rejects.toMatchObject({ code: 'STORE_SHARDS' });
    await server.query('update wasm_sensors.schema_version set version = 99', databaseOf(url));
    await expect(openPostgresStore(url)).rejects.toMatchObject({
      code: 'STORE_UNUSABLE',
      message: expect.stringMatching(/newer/),
    });
    expect((await checkDatabase(url, 1)).problems).toMatchObject([
      { isFatal: true, why: expect.stringMatching(/newer/) },
    ]);
  });

  test('what is missing is found before the start, with the SQL that grants it', async () => {
    expect((await checkDatabase(url, 1)).problems).toEqual([]);
    const plain = await server.database('nocreaterole');
    expect((await checkDatabase(plain, 1)).problems).toMatchObject([
      { isFatal: false, sql: expect.stringMatching(/^alter role .* createrole;$/) },
    ]);
    const [foreign] = (await checkDatabase(plain.replace(/\/db\d+$/, '/postgres'), 1)).problems;
    expect(foreign).toMatchObject({
      isFatal: true,
      sql: expect.stringMatching(/^grant create on database "postgres" to /),
    });
    await server.query(`alter role ${databaseOf(plain)}_owner createrole`);
    expect((await checkDatabase(plain, 1)).problems).toEqual([]);
  });

  test('days of readings are tables, made before they are needed and dropped as a whole, but not before they are rolled up', async () => {
    const store = await openStore();
    const tables = async () =>
      (
        await server.query<{ name: string }>(
          "select relname as name from pg_class where relname ~ '^readings_2' and relkind = 'r' order by 1",
          databaseOf(url),
        )
      ).map(({ name }) => name);
    expect(await tables()).toHaveLength(2);
    // Two days ahead there is no table yet: it gets what came for it when it is made.
    await store.append([entry(T0 + 2 * DAY), entry()]);
    vi.useFakeTimers({ toFake: ['Date', 'performance'], now: T0 + DAY });
    try {
      await store.forget({ readings: 60 * DAY, minutes: DAY, hours: DAY });
      expect(await tables()).toHaveLength(3);
      const count = `select count(*)::int as n from wasm_sensors.${(await tables())[2]}`;
      expect(await server.query(count, databaseOf(url))).toEqual([{ n: 1 }]);
      vi.advanceTimersByTime(3 * DAY);
      const forget = () => store.forget({ readings: HOUR_MS, minutes: 60 * DAY, hours: 60 * DAY });
      await forget();
      expect(await sequences(store)).toHaveLength(2);
      for (let now = T0; (await store.rollUp(now)) || store.notRolledUp > 0; now += 60_000);
      vi.advanceTimersByTime(60_000);
      await forget();
      expect(await sequences(store)).toHaveLength(0);
    } finally {
      vi.useRealTimers();
    }
  });

  describe('asked by others', () => {
    async function ask(request: Omit<ReadRequest, 'path'>, at = url) {
      const lines: AnswerLine[] = [];
      for await (const line of readPostgres({ path: at, ...request } as ReadRequest)) if (line) lines.push(line);
      return lines;
    }
    const query = (sql: string) => ask({ sql, limits: { rows: 3, bytes: 1e6 } });

    test('answers with columns, rows and an end, and no more rows than the limit', async () => {
      const store = await openStore();
      await store.append([entry(T0, { region: 'eu' }), entry(T0, { region: 'us' })]);
      expect(await query('select region, count(*) as n, 2 as n from readings group by 1 order by 1')).toEqual([
        ...[{ columns: ['region', 'n', 'n:1'] }, ['eu', 1, 2], ['us', 1, 2], { end: { rows: 2 } }],
      ]);
      expect((await query('select * from generate_series(1, 9)')).at(-1)).toEqual({ end: { rows: 3, cut: 'rows' } });
      expect(
        await query("select 9007199254740993, 1.5::float8, 'NaN'::float8, null, '\\x0aff'::bytea, true"),
      ).toContainEqual([...['9007199254740993', 1.5, 'NaN', null, '0aff', true]]);
      expect(JSON.stringify(await ask({ sql: SCHEMA_SQL }))).toMatch(/create table readings \(.*measured_values json/);
    });

    test('answers what docs/history.md asks', async () => {
      const store = await openStore();
      await store.append([entry()]);
      const page = readFileSync(new URL('../../../docs/history.md', import.meta.url), 'utf8');
      const statements = [...page.matchAll(/```postgresql\n([\s\S]*?)```/g)].map(([, sql]) => sql!);
      expect(statements).toHaveLength(1);
      for (const sql of statements) expect((await query(sql)).at(-1)).toEqual({ end: { rows: 1 } });
    });

    test.each([
      ...[
        'insert into messages values (1)',
        'delete from readings',
        'select pg_sleep(60)',
        "select pg_read_file('/etc/passwd')",
      ],
      ...[
        "copy readings to program 'id'",
        'set role none',
        "select set_config('role', 'none', false)",
        'select lo_create(0)',
      ],
      ...[
        'select 1; drop table readings',
        'do $$ begin end $$',
        'select pg_advisory_lock(7031019)',
        'select * from owner',
      ],
      ...[
        "select query_to_xml('select 1', true, true, '')",
        'with x as (delete from readings returning 1) select * from x',
      ],
      ...[
        'select * from checkpoint',
        'select * from pg_authid',
        'explain analyze delete from readings',
        'create temp table x (a int)',
      ],
      ...[
        "select * from dblink('host=x', 'select 1') as dblink(x int)",
        'select U&"\\0070g_sleep"(1)',
        'select "pg_sleep"(1)',
      ],
      ...[
        "select nextval('readings_id_seq')",
        "select $$'$$, pg_sleep(1) --'",
        "select E'\\'', lo_creat(1) --'",
        'vacuum',
      ],
      ...[
        'select 1and lo_creat(1)',
        'lock table readings',
        'select * from readings for update',
        'begin',
        'commit',
        'select',
        ' ;',
      ],
      ...[
        'select 1 --\r, pg_sleep(1) as s',
        "select E'a'\n'\\'', pg_sleep(1) --'",
        "select 1e'\\'', pg_sleep(1) --'",
        "select U&'\\'', pg_sleep(1) --'",
        "select 'a' \f, $x$ ' $x$, pg_sleep(1) --'",
        "select ('select pg_sleep(1)::text::tsvector'::text).ts_stat",
        "select t.ts_stat from unnest(array['select 1'::text]) as t",
        "select p <-> p from (select '[0,0,1,1]'::path as p) as x",
        'select a <-> b from (select null::"polygon" as a, null::_polygon[] as b) as x',
        "select (x).nextval from (select 'wasm_sensors.readings_id_seq'::regclass as x) as y",
      ],
      ...[
        'select pg_catalog . pg_sleep (1)',
        "select current_setting('data_directory')",
        'listen x',
        "notify x, 'y'",
        'discard all',
      ],
    ])('%s is refused, and changes nothing', async (sql) => {
      const store = await openStore();
      await store.append([entry()]);
      await expect(query(sql)).rejects.toMatchObject({ code: 'BAD_SQL' });
      expect(await sequences(store)).toHaveLength(1);
    });

    test('the role that reads has no right but to read, whatever would pass the list of functions', async () => {
      await openStore();
      const [role] = await server.query(
        `select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles where rolname = 'wasm_sensors_reader_${databaseOf(url)}'`,
      );
      expect(Object.values(role!)).toEqual([false, false, false, false, false]);
    });

    test('nobody finds out the password of the role who can not read as the owner does', async () => {
      await openStore();
      await expect(query('select * from reader')).rejects.toMatchObject({ code: 'BAD_SQL' });
      const sql = 'select password from wasm_sensors.reader';
      const kept = await server.query<{ password: string }>(sql, databaseOf(url));
      expect(kept).toEqual([{ password: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
      expect(readFileSync(join(server.folder, 'log'), 'utf8')).not.toContain(kept[0]!.password);
    });

    test('where the owner may make no role, everything else works, and a statement says what is missing', async () => {
      const plain = await server.database('nocreaterole');
      const store = await openStore(plain);
      await store.append([entry()]);
      await expect(ask({ sql: 'select 1' }, plain)).rejects.toMatchObject({
        ...{ code: 'STORE_DENIED', hint: expect.stringMatching(/alter role "db\d+_owner" createrole/) },
      });
      const readings = { since: 0, until: Number.MAX_SAFE_INTEGER, values: 'object' as const };
      expect((await ask({ readings }, plain)).at(-1)).toEqual({ end: { rows: 1 } });
    });

    test('exports each reading of a time once, in the order of arrival', async () => {
      const store = await openStore();
      await store.append(
        Array.from({ length: 4_500 }, (_, n) => entry(T0 + n, { sequence: n, values: n % 2 ? { a: n } : { b: n } })),
      );
      const lines = await ask({ readings: { since: T0 + 100, until: T0 + 4_200, values: 'columns' } });
      const [{ columns }] = lines as [{ columns: string[] }];
      expect([columns.slice(-2), lines.length, lines.at(-1)]).toEqual([['a', 'b'], 4_102, { end: { rows: 4_100 } }]);
      const numbers = lines.slice(1, -1).map((row) => (row as unknown[])[columns.indexOf('sequence')]);
      expect(numbers).toEqual(Array.from({ length: 4_100 }, (_, n) => n + 100));
    });
  });
});

describe.skipIf(POSTGRES_BIN === undefined)(`PostgreSQL over TLS (${WHY_SKIPPED} where it is skipped)`, () => {
  let server: PostgresServer;
  let url: string;
  beforeAll(async () => {
    server = await PostgresServer.start();
    url = await server.database();
    server.speakTls(LOCALHOST, OWN_KEY);
    writeFileSync(join(server.folder, 'ca.pem'), LOCALHOST);
    writeFileSync(join(server.folder, 'other.pem'), SIGNED);
  });
  afterAll(() => server.stop());

  const ca = (name = 'ca.pem') => `sslrootcert=${encodeURIComponent(join(server.folder, name))}`;
  test.each([
    ['nothing, on loopback: no TLS', () => '', 'STORE_DENIED'],
    ['disable', () => '?sslmode=disable', 'STORE_DENIED'],
    ['require: any certificate', () => '?sslmode=require', undefined],
    ['require with an authority: one that it has signed', () => `?sslmode=require&${ca()}`, undefined],
    ['require with another authority', () => `?sslmode=require&${ca('other.pem')}`, 'STORE_UNREACHABLE'],
    ['verify-ca', () => `?sslmode=verify-ca&${ca()}`, undefined],
    ['verify-ca without the authority', () => '?sslmode=verify-ca', 'STORE_UNREACHABLE'],
    ['verify-full, under another name', () => `?sslmode=verify-full&${ca()}`, 'STORE_UNREACHABLE'],
    ['a file that there is not', () => '?sslmode=verify-ca&sslrootcert=%2Fno%2Fsuch.pem', 'BAD_SETTING'],
    ['prefer, which would speak without TLS', () => '?sslmode=prefer', 'BAD_SETTING'],
  ])('%s', async (_, parameters, code) => expectOpened(url + parameters(), code));
  test('verify-full, under the name of its certificate', () =>
    expectOpened(`${url.replace('127.0.0.1', 'localhost')}?sslmode=verify-full&${ca()}`));

  async function expectOpened(location: string, code?: string): Promise<void> {
    const opened = await checkDatabase(location, 1).catch((error: { code: string }) => error.code);
    if (code === undefined) expect(opened).toMatchObject({ problems: [] });
    else expect(opened).toBe(code);
  }
});

const PGBOUNCER = '/usr/sbin/pgbouncer';
describe.skipIf(POSTGRES_BIN === undefined || !existsSync(PGBOUNCER))(
  'behind PgBouncer (skipped where it is not installed)',
  () => {
    test.each([
      ['session', ''],
      ['transaction', ''],
      // The dangerous one: without its search_path the tables would get into another schema.
      ['transaction', 'options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout'],
    ])('in %s mode, ignoring "%s", the store is refused with what to do', async (mode, ignored) => {
      const server = await PostgresServer.start();
      const url = new URL(await server.database());
      const port = await freePort();
      const file = (name: string, text: string) => {
        writeFileSync(join(server.folder, name), text);
        chmodSync(join(server.folder, name), 0o644);
        return join(server.folder, name);
      };
      const users = file('users.txt', `"${url.username}" "${decodeURIComponent(url.password)}"\n`);
      const settings = ['[databases]', `* = host=127.0.0.1 port=${url.port}`, '[pgbouncer]', 'listen_addr = 127.0.0.1'];
      settings.push(`listen_port = ${port}`, 'auth_type = plain', `auth_file = ${users}`, `pool_mode = ${mode}`);
      settings.push('unix_socket_dir =', `ignore_startup_parameters = ${ignored}`, '');
      const uid = userInfo().uid === 0 ? { uid: statSync(join(server.folder, 'data')).uid } : {};
      const pooler = spawn(PGBOUNCER, [file('pgbouncer.ini', settings.join('\n'))], { stdio: 'ignore', ...uid });
      url.port = String(port);
      try {
        await vi.waitFor(
          () => expect(checkDatabase(url.href, 1)).rejects.toMatchObject({ code: 'STORE_UNUSABLE' }),
          10_000,
        );
        const pooled = { code: 'STORE_UNUSABLE', hint: expect.stringContaining('connect to the server itself') };
        await expect(openPostgresStore(url.href)).rejects.toMatchObject(pooled);
      } finally {
        pooler.kill('SIGKILL');
        server.stop();
      }
    });
  },
);
