/** What `query` must not be talked into, by statements of `hostile-statements.ts`. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppError } from '../lib/errors/app-error.js';
import { type Database, openSqlite } from '../lib/sqlite/driver.js';
import type { AnswerLine } from '../store/answer.js';
import { runStatement } from '../store/sqlite/reader/run-statement.js';
import { openForReading } from '../store/sqlite/reader/statement-guard.js';
import { readStore } from '../store/sqlite/reader/store-reader.js';
import { ENDLESS, HARMLESS, REFUSED } from '../test/support/hostile-statements.js';
import { StoreOfReadings } from '../test/support/store-of-readings.js';
import { QUERY_LIMITS } from './reader-routes.js';

const SECRET = 'sesame-4711';
const MAX_GROWTH = 268_435_456;
const NEVER = new AbortController().signal;

let store: StoreOfReadings;
let writer: Database;
let appended = 0;

beforeAll(() => {
  store = new StoreOfReadings();
  store.add(100);
  writeFileSync(join(store.folder, 'secret.txt'), SECRET);
  const other = openSqlite(join(store.folder, 'other.db'));
  other.exec(`create table secrets as select '${SECRET}' as secret`);
  other.close();
  // It waits for nobody: an append that is held up fails.
  writer = openSqlite(store.path, { timeoutMs: 0 });
  writer.exec('pragma synchronous = off');
});

afterAll(() => {
  writer.close();
  store.close();
});

function append(): void {
  writer.prepare("insert into messages (id, received_at, body) values (?, 1, '{}')").run(`m-${appended++}`);
}

/** Everything that a statement could leave behind, but for what the puller appends. */
function traces() {
  const files = readdirSync(store.folder, { recursive: true, encoding: 'utf8' }).sort();
  const contents = files
    .filter((name) => !name.startsWith('it is'))
    .map((name) =>
      createHash('sha256')
        .update(readFileSync(join(store.folder, name)))
        .digest('hex'),
    );
  const schema = writer.prepare('select * from sqlite_schema').all();
  const settings = ['user_version', 'application_id', 'journal_mode'].map((name) =>
    writer.prepare(`pragma ${name}`).get(),
  );
  const readings = writer.prepare('select count(*) as n, sum(id) as ids, sum(checksum) as sums from readings').get();
  const messages = writer.prepare('select count(*) as n from messages').get();
  return { files, contents, schema, settings, readings, messages: (messages as { n: number }).n - appended };
}

/** Files that this process has open; the store's own are left out. */
const openFiles = () =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const link = readlinkSync(`/proc/self/fd/${fd}`);
      return link.startsWith('/') && !link.startsWith(store.path) && !link.startsWith('/proc') ? link : [];
    } catch {
      return [];
    }
  });

/** What becomes of a statement, while the puller appends in the middle of it. */
function outcomeOf(database: Database, statement: string): AnswerLine[] | AppError {
  const answer: AnswerLine[] = [];
  try {
    for (const line of runStatement(database, statement.replaceAll('$FOLDER', store.folder), QUERY_LIMITS)) {
      if (answer.length < 3) append();
      answer.push(line);
    }
  } catch (error) {
    return error as AppError;
  }
  return answer;
}

const groups = (corpus: Record<string, string[]>) => Object.entries(corpus);

test('there are at least 200', () => {
  const all = [...groups(REFUSED), ...groups(HARMLESS)].flatMap(([, statements]) => statements);
  expect(new Set(all).size).toBeGreaterThan(200);
});

for (const [corpus, refused] of [
  [REFUSED, true],
  [HARMLESS, false],
] as const) {
  test.each(groups(corpus))('%s', (_, statements) => {
    const database = openForReading(store.path);
    const before = traces();
    const files = openFiles();
    for (const statement of statements) {
      const name = statement.slice(0, 200);
      const start = process.memoryUsage.rss();
      const outcome = outcomeOf(database, statement);
      append();
      expect.soft(process.resourceUsage().maxRSS * 1024 - start, name).toBeLessThan(MAX_GROWTH);
      expect.soft(openFiles(), name).toEqual(files);
      expect.soft(JSON.stringify(outcome), name).not.toContain(SECRET);
      if (Array.isArray(outcome)) {
        expect.soft(refused, `${name} was answered with ${JSON.stringify(outcome).slice(0, 200)}`).toBe(false);
        if (!statement.includes('$FOLDER')) expect.soft(JSON.stringify(outcome), name).not.toContain(store.folder);
      } else {
        expect.soft(['BAD_SQL', 'QUERY_TOO_LARGE'], `${name}: ${outcome}`).toContain(outcome.code);
      }
      expect.soft(database.isTransaction, name).toBe(false);
    }
    expect(traces()).toEqual(before);
    database.close();
  });
}

test('what goes on for hours, or takes gigabytes, is ended', async () => {
  const before = traces();
  const watched = new Map<string, number>();
  const watch = setInterval(() => {
    for (const pid of childrenOf(process.pid)) watched.set(pid, Math.max(watched.get(pid) ?? 0, peakOf(pid)));
    append();
  }, 20);
  const ended = async (sql: string) => {
    let answer = '';
    for await (const chunk of readStore(
      { path: store.path, sql, limits: QUERY_LIMITS },
      { signal: NEVER, workMs: 4000 },
    ))
      answer += chunk.toString();
    return answer;
  };
  const waiting = Object.entries(ENDLESS);
  const codes: Record<string, string> = {};
  await Promise.all(
    Array.from({ length: 3 }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        codes[next[0]] = await ended(next[1]).catch((error: { code: string }) => error.code);
      }
    }),
  );
  clearInterval(watch);
  for (const [name, code] of Object.entries(codes)) expect.soft(code, name).toMatch(/^QUERY_TOO_(LONG|LARGE)$/);
  // Node itself has some 60 MB before it grows.
  expect(Math.max(...watched.values())).toBeLessThan(MAX_GROWTH + 60_000_000);
  expect(watched.size).toBe(Object.keys(ENDLESS).length);
  expect(traces()).toEqual(before);
});

test("a store from elsewhere can't do more with its own views and tables", () => {
  const path = join(store.folder, 'from-elsewhere.db');
  const made = openSqlite(path);
  made.exec(`
    create table readings (id integer primary key, region as (printf('%.*c', 100000000, 'x')));
    insert into readings (id) values (1);
    create view files as select load_extension('x') as a;
    create view pages as select * from dbstat;
    create view paths as select file from pragma_database_list;
    create view big as select zeroblob(100000000) as a;
    create view modes as select * from pragma_journal_mode('delete');
    create view more as select * from files;
    create virtual table texts using fts5(a);
    insert into texts values ('word');
    create view found as select * from texts where texts match 'word';
    create table log (a);
    create trigger logs after insert on readings begin insert into log values (1); end;
    create view logs_more as select * from log;
    create trigger logs_view instead of insert on logs_more begin insert into log values (1); end;
  `);
  made.close();
  const database = openForReading(path);
  for (const name of ['files', 'pages', 'paths', 'big', 'modes', 'more', 'texts', 'found']) {
    for (const what of ['*', 'count(*)']) {
      const outcome = outcomeOf(database, `select ${what} from ${name}`);
      if (!(what === 'count(*)' && name === 'big')) expect.soft(outcome, `${what} ${name}`).toHaveProperty('code');
    }
  }
  expect(outcomeOf(database, 'select id from readings')).toContainEqual([1]);
  expect(outcomeOf(database, 'select * from log')).toEqual([{ columns: ['a'] }, { end: { rows: 0 } }]);
  database.close();
});

function childrenOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

/** The largest memory that a process has had so far, in bytes. */
function peakOf(pid: string): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
