/** The routes with the built reader behind them, as the puller serves them. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { answerError } from '../lib/errors/http-error.js';
import { type Listener, listen } from '../lib/net/http-server.js';
import { identify, isAlive, type ProcessId } from '../lib/process/process-id.js';
import { packageRoot } from '../lib/process/self-command.js';
import { eventually } from '../test/support/cli-harness.js';
import { FIRST_AT, StoreOfReadings } from '../test/support/store-of-readings.js';
import { FleetClient } from './fleet-client.js';
import { readerRoutes } from './reader-routes.js';

const ENDLESS = 'with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n';
const NEVER = new AbortController().signal;

let store: StoreOfReadings;
let served: Listener;
let closed: AbortController;
let fleet: FleetClient;
const logged: string[] = [];

beforeEach(async () => {
  store = new StoreOfReadings();
  store.add(10);
  await serve();
});

afterEach(async () => {
  closed.abort();
  await served.close(0);
  store.close();
  expect(logged.splice(0)).toEqual([]);
});

async function serve(queryMs = 20_000): Promise<void> {
  closed = new AbortController();
  const log = (text: string) => void logged.push(text);
  const routes = readerRoutes({ path: () => store.path, closed: closed.signal, log, queryMs });
  routes.onError((error, c) => answerError(error, c, log));
  served = await listen({ fetch: routes.fetch, host: '127.0.0.1', port: 0, purpose: 'test', flag: '--port' });
  fleet = new FleetClient(served.url, { retryForMs: 0 });
}

async function ask(sql: string, signal = NEVER) {
  const answer = await fleet.query(sql, signal);
  const rows = [];
  for await (const row of answer.rows) rows.push(row);
  return { columns: answer.columns, rows, end: answer.end() };
}

const code = (expected: string) => expect.objectContaining({ code: expected });

test('a query and an export over HTTP', async () => {
  expect(await ask('select region, count(*) as n from readings group by 1 order by 1')).toEqual({
    columns: ['region', 'n'],
    rows: [
      ['eu', 5],
      ['us', 5],
    ],
    end: { rows: 2 },
  });
  const query = { since: FIRST_AT + 7000, until: FIRST_AT * 2, values: 'columns' as const };
  const { columns, rows } = await fleet.exportReadings(query, NEVER);
  const exported = [];
  for await (const row of rows) exported.push(row[columns.indexOf('temperature')]);
  expect(exported).toEqual([7, 8, 9]);
});

test('what is refused has the words of SQLite and a hint; a status says so to other clients', async () => {
  await expect(ask('select nothing_known from readings')).rejects.toThrow(
    expect.objectContaining({
      code: 'BAD_SQL',
      message: 'SQLite: no such column: nothing_known',
      hint: expect.stringContaining('--schema'),
    }),
  );
  const response = await fetch(`${served.url}/query`, { method: 'POST', body: '{"sql":"drop table readings"}' });
  expect([response.status, await response.json()]).toMatchObject([422, { error: { code: 'BAD_SQL' } }]);
  expect((await fetch(`${served.url}/export?since=1`)).status).toBe(400);
});

test('a statement that needs too much memory ends alone', async () => {
  const sorted =
    'with recursive n(i) as (select 1 union all select i + 1 from n) select i, randomblob(9999) from n order by 2';
  await expect(ask(sorted)).rejects.toThrow(code('QUERY_TOO_LARGE'));
  expect((await ask('select 1 as one')).rows).toEqual([[1]]);
});

test('a statement that takes too long is ended', async () => {
  closed.abort();
  await served.close(0);
  await serve(3000);
  await expect(ask(ENDLESS)).rejects.toThrow(code('QUERY_TOO_LONG'));
});

test('a long answer is cut off at the limit, and says so', async () => {
  const many = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) select i from n';
  const { rows, end } = await ask(many);
  expect([rows.length, end]).toEqual([100_000, { rows: 100_000, cut: 'rows' }]);
});

test('few read at the same time; the process of a client that leaves ends', async () => {
  const leave = new AbortController();
  const answers = [1, 2, 3].map(() => fleet.query(ENDLESS, leave.signal));
  const left = answers.map((answer) => expect(answer).rejects.toThrow(expect.objectContaining({ name: 'AbortError' })));
  await eventually('their processes', async () => (await childrenOf(process.pid)).length === 3);
  expect((await fetch(`${served.url}/export?since=0&until=1`)).status).toBe(429);
  leave.abort();
  await Promise.all(left);
  // The client waits until there is room, which there is only once a process has ended.
  expect((await ask('select 1 as one')).rows).toEqual([[1]]);
});

test('a puller that stops ends what it reads, and its client knows', async () => {
  const stopped = fetch(`${served.url}/query`, { method: 'POST', body: JSON.stringify({ sql: ENDLESS }) });
  await eventually('a reader', async () => (await childrenOf(process.pid)).length > 0);
  closed.abort();
  expect(await (await stopped).json()).toMatchObject({ error: { code: 'STOPPING' } });
  await expect(ask('select 1')).rejects.toThrow(code('PULLER_GONE'));
});

test('after kill -9 of the one that asked, the reader ends in the middle of its statement', async () => {
  const reader = pathToFileURL(`${packageRoot}dist/store/sqlite/reader/store-reader.js`);
  // Enough to be written, and then nothing more.
  const sql = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n where i < 50000';
  const request = JSON.stringify({ path: store.path, sql });
  const script = `const { readStore } = await import('${reader}');
    for await (const chunk of readStore(${request}, { signal: new AbortController().signal })) console.log('reads');`;
  const asking = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(asking.stdout, 'data');
  const [child] = await childrenOf(asking.pid!);
  expect(child && isAlive(child)).toBe(true);
  asking.kill('SIGKILL');
  await eventually('the end of the reader', () => !isAlive(child!));
});

async function childrenOf(pid: number): Promise<ProcessId[]> {
  const { stdout } = await promisify(execFile)('pgrep', ['-f', '-P', String(pid), 'reader-main']);
  return stdout
    .trim()
    .split('\n')
    .flatMap((line) => identify('reader', Number(line)) ?? []);
}
