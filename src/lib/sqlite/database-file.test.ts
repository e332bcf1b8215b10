import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DatabaseFile, type DatabaseQuarantined, findFileDamage } from './database-file.js';
import { closeDatabase, type Database, openSqlite } from './driver.js';

const ROWS = 5_000;

let folder: string;
let path: string;
let events: DatabaseQuarantined[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'database-file-'));
  path = join(folder, 'it.db');
  events = [];
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

function create(at: string): Database {
  const database = openSqlite(at);
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000');
  database.exec('CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
  database.exec('CREATE INDEX IF NOT EXISTS by_text ON things (text)');
  return database;
}

const openFile = (at = path, open = create) =>
  new DatabaseFile({ path: at, open, onQuarantined: (event) => events.push(event) });
const open = () => openFile().database;
const idsIn = (database: Database) =>
  (database.prepare('SELECT id FROM things ORDER BY id').all() as { id: number }[]).map(({ id }) => id);

/** Ids with gaps, as those that come from a clock. */
const idOf = (i: number) => 1_750_000_000_000_000 + i * 977;

function fill(database: Database): void {
  database.exec('BEGIN');
  const insert = database.prepare('INSERT INTO things VALUES (?, ?)');
  for (let i = 0; i < ROWS; i++) insert.run(idOf(i), `${i} `.repeat(20));
  database.exec('COMMIT');
}

/** A filled database that is closed. */
function fillAndClose(): void {
  const database = open();
  fill(database);
  closeDatabase(database);
}

function overwrite(from: number, bytes: Buffer): void {
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, from);
}

test('a new and a sound database are opened without a word', () => {
  fillAndClose();
  const database = open();
  expect([idsIn(database).length, events, readdirSync(folder).sort()]).toEqual([ROWS, [], ['it.db', 'it.db-wal']]);
  closeDatabase(database);
});

test('an emptied database is quarantined and said', () => {
  fillAndClose();
  truncateSync(path, 0);
  const database = open();
  expect(events).toEqual([
    { type: 'database-quarantined', path, quarantined: `${path}.damaged`, problem: 'the file is empty', salvaged: {} },
  ]);
  expect(idsIn(database)).toEqual([]);
  expect(existsSync(`${path}.damaged`)).toBe(true);
  closeDatabase(database);
});

test.each(['emptied', 'deleted'])('the rows of an %s database come from its write-ahead log', (kind) => {
  const killed = create(path);
  killed.exec("INSERT INTO things VALUES (1, 'one'), (2, 'two')");
  // What a killed process leaves.
  const copy = join(folder, 'copy.db');
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix);
  if (kind === 'deleted') rmSync(copy);
  else truncateSync(copy, 0);
  const database = openFile(copy).database;
  expect(idsIn(database)).toEqual([1, 2]);
  expect(events).toMatchObject([{ quarantined: `${copy}.damaged`, salvaged: { things: 2 } }]);
  closeDatabase(database);
  closeDatabase(killed);
});

test('of a file with a damaged page all rows of the other pages are kept', () => {
  fillAndClose();
  const pages = statSync(path).size / 4096;
  overwrite(Math.floor(pages / 3) * 4096, Buffer.alloc(4096, 0xa5));
  const database = open();
  const ids = idsIn(database);
  expect(ids.length).toBeGreaterThan(ROWS * 0.99);
  expect(ids.at(-1)).toBe(idOf(ROWS - 1));
  expect(events).toMatchObject([{ problem: expect.stringMatching(/./), salvaged: { things: ids.length } }]);
  expect(database.prepare('PRAGMA quick_check').all()).toEqual([{ quick_check: 'ok' }]);
  closeDatabase(database);
});

test('whichever page of rows is damaged, the first one as well, only its rows are missing', () => {
  const database = create(path);
  database.exec('BEGIN');
  for (let i = 1; i <= 500; i++) database.exec(`INSERT INTO things VALUES (${i}, '${'x'.repeat(200)}')`);
  database.exec('COMMIT');
  closeDatabase(database);
  const whole = readFileSync(path);
  for (let page = 2; page < 8; page++) {
    writeFileSync(path, whole);
    overwrite(page * 4096, Buffer.alloc(4096, 0xa5));
    const again = open();
    expect([page, idsIn(again).length > 450]).toEqual([page, true]);
    closeDatabase(again);
  }
});

test('of a table without rowid, too, only the rows of the damaged page are missing', () => {
  const keyed = (at: string) => {
    const database = create(at);
    database.exec(
      'CREATE TABLE IF NOT EXISTS keyed (a INTEGER, b INTEGER, text TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID',
    );
    return database;
  };
  const database = keyed(path);
  database.exec('BEGIN');
  const insert = database.prepare('INSERT INTO keyed VALUES (?, ?, ?)');
  for (let a = 1; a <= 5; a++) for (let b = 1; b <= 400; b++) insert.run(a * 60_000, b * 977, 'x'.repeat(100));
  database.exec('COMMIT');
  closeDatabase(database);
  const whole = readFileSync(path);
  const pages = whole.length / 4096;
  for (const page of [10, Math.floor(pages / 2), pages - 2]) {
    writeFileSync(path, whole);
    overwrite(page * 4096, Buffer.alloc(4096, 0xa5));
    const again = openFile(path, keyed).database;
    const rows = again.prepare('SELECT a, count(*) AS n FROM keyed GROUP BY a').all() as { a: number; n: number }[];
    expect(rows.map(({ a }) => a)).toEqual([60_000, 120_000, 180_000, 240_000, 300_000]);
    const missing = 2_000 - rows.reduce((sum, { n }) => sum + n, 0);
    expect([page, missing > 0, missing < 60]).toEqual([page, true, true]);
    closeDatabase(again);
  }
});

test('text that is no longer UTF-8 is kept as it is', () => {
  const broken = create(path);
  broken.exec("INSERT INTO things VALUES (1, CAST(x'41ff42' AS TEXT)), (2, 'sound')");
  closeDatabase(broken);
  overwrite(statSync(path).size - 4096, Buffer.alloc(2, 0xa5));
  const database = open();
  const read = 'SELECT id, hex(text) AS hex FROM things ORDER BY id';
  expect(events).toMatchObject([{ salvaged: { things: 2 } }]);
  expect(database.prepare(read).all()).toEqual([
    { id: 1, hex: '41FF42' },
    { id: 2, hex: '736F756E64' },
  ]);
  closeDatabase(database);
});

test('a file that is cut in half gives what is in the first half', () => {
  fillAndClose();
  truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096);
  const database = open();
  expect(events).toHaveLength(1);
  expect(idsIn(database).length).toBeGreaterThan(ROWS / 10);
  closeDatabase(database);
});

test.each(['no database '.repeat(1_000), 'SQLite format 3\0 but only at its beginning '.repeat(1_000)])(
  'a file with other bytes is kept, and a second one as well: %.20s',
  (text) => {
    for (const name of ['it.db.damaged', 'it.db.damaged-2']) {
      writeFileSync(path, text);
      closeDatabase(open());
      expect(readFileSync(join(folder, name), 'latin1').slice(0, text.length)).toBe(text);
    }
    expect(events).toHaveLength(2);
  },
);

test('a newly written database keeps what it gets, whatever became of the one before', () => {
  writeFileSync(path, 'no database');
  const database = open();
  database.exec("INSERT INTO things VALUES (1, 'one')");
  expect(existsSync(`${path}-wal`)).toBe(true);
  closeDatabase(database);
  expect(idsIn(open())).toEqual([1]);
});

test.each(['', '-wal'])('deleting %j and replacing it are noticed', (suffix) => {
  const file = openFile();
  expect(file.problem()).toBeUndefined();
  copyFileSync(path + suffix, join(folder, 'other'));
  rmSync(path + suffix);
  expect(file.problem()).toBe('deleted');
  copyFileSync(join(folder, 'other'), path + suffix);
  expect(file.problem()).toBe('replaced');
  file.database.close();
});

test('a log that goes right after the start is noticed, before anybody has looked', () => {
  const file = openFile();
  rmSync(`${path}-wal`);
  expect(file.problem()).toBe('deleted');
  file.close();
});

test('emptying it is noticed', () => {
  const file = openFile();
  truncateSync(path, 0);
  expect(file.problem()).toBe('emptied');
  file.close();
});

test.each([
  ['deleted', () => rmSync(path)],
  ['deleted with its log', () => [path, `${path}-wal`].map((file) => rmSync(file))],
  ['deleted with its folder', () => rmSync(folder, { recursive: true })],
  ['replaced', () => [rmSync(path), writeFileSync(path, 'something else')]],
  ['emptied', () => truncateSync(path, 0)],
])('a database that was %s is written back from the open handle', (_, damage) => {
  const file = openFile();
  fill(file.database);
  damage();
  file.database.exec("INSERT INTO things VALUES (1, 'later')");
  expect(file.rewrite('deleted').salvaged).toBeUndefined();
  expect([idsIn(file.database).length, file.problem(), events]).toEqual([ROWS + 1, undefined, []]);
  expect(file.writtenBack).toMatchObject({ problem: 'deleted', times: 1 });
  file.close();
});

test('that a database was written back is told for an hour', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const file = openFile();
  rmSync(path);
  file.rewrite('deleted');
  vi.advanceTimersByTime(3_599_999);
  expect(file.writtenBack).toMatchObject({ problem: 'deleted', times: 1 });
  vi.advanceTimersByTime(1);
  expect(file.writtenBack).toBeUndefined();
  file.close();
});

test('a crash before the new file has its place is completed by the next start', () => {
  fillAndClose();
  renameSync(path, `${path}.rewritten`);
  // A killed process leaves its log, which belongs to the old database.
  writeFileSync(`${path}-wal`, 'of the old one');
  const again = open();
  expect([idsIn(again).length, events, existsSync(`${path}.rewritten`)]).toEqual([ROWS, [], false]);
  closeDatabase(again);
});

test('a copy that fails leaves nothing, and the database as it is', () => {
  const file = openFile();
  const { database } = file;
  database.exec("INSERT INTO things VALUES (1, 'one')");
  rmSync(path);
  database.exec('BEGIN');
  expect(() => file.rewrite('deleted')).toThrow();
  database.exec('COMMIT');
  expect([readdirSync(folder), idsIn(database)]).toEqual([['it.db-wal'], [1]]);
  expect(file.database).toBe(database);
  file.database.close();
});

test('a check of another process finds damage, and none otherwise', () => {
  fillAndClose();
  const check = () => findFileDamage(path);
  expect(check()).toBeUndefined();
  overwrite(20 * 4096, Buffer.alloc(4096, 0xa5));
  expect(check()).toMatch(/./);
  expect(findFileDamage(path, 1_000)).toBeUndefined();
  expect(findFileDamage(join(folder, 'none.db'))).toBeUndefined();
});

test('a start that fails, such as on a full disk, leaves no empty file that the next one takes for damaged', () => {
  const full = (at: string): Database => {
    writeFileSync(at, '');
    throw new Error('database or disk is full');
  };
  expect(() => openFile(path, full)).toThrow(/full/);
  expect(existsSync(path)).toBe(false);
  closeDatabase(open());
  expect(events).toEqual([]);
});
