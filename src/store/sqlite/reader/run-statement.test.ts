import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../lib/sqlite/driver.js';
import { StoreOfReadings } from '../../../test/support/store-of-readings.js';
import type { Limits } from '../../answer.js';
import { runStatement } from './run-statement.js';
import { openForReading } from './statement-guard.js';

let store: StoreOfReadings;
const opened: Database[] = [];

beforeEach(() => {
  store = new StoreOfReadings();
  store.add(4);
});

afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  store.close();
});

function run(sql: string, limits?: Limits) {
  const database = openForReading(store.path);
  opened.push(database);
  return [...runStatement(database, sql, limits)];
}

test('columns come first, then rows, then their number', () => {
  expect(
    run("select region, count(*) as n, sum(measured_values ->> 'temperature') as t from readings group by 1"),
  ).toEqual([{ columns: ['region', 'n', 't'] }, ['eu', 2, 2], ['us', 2, 4], { end: { rows: 2 } }]);
});

test('a table of the statement itself can be counted', () => {
  expect(run('with x as (select 1 union all select 2) select count(*) as n from x')[1]).toEqual([2]);
});

test('columns of the same name can be told apart, and bytes are hexadecimal', () => {
  expect(run("select 1 as a, null as a, x'00ff' as b, 0.5 as a")).toEqual([
    { columns: ['a', 'a:1', 'b', 'a:2'] },
    [1, null, '00ff', 0.5],
    { end: { rows: 1 } },
  ]);
});

test('an answer is cut off at its limits', () => {
  expect(run('select id from readings order by id', { rows: 3, bytes: 1000 })).toEqual([
    { columns: ['id'] },
    ...[[1], [2], [3]],
    { end: { rows: 3, cut: 'rows' } },
  ]);
  expect(run('select hostname from readings', { rows: 10, bytes: 15 }).at(-1)).toEqual({
    end: { rows: 2, cut: 'bytes' },
  });
  expect(run('select id from readings', { rows: 4, bytes: 1000 }).at(-1)).toEqual({ end: { rows: 4 } });
});

test.each([
  ['select nothing_known from readings', 'no such column: nothing_known'],
  ['select from', 'syntax error'],
  ["select json('{') from readings", 'malformed JSON'],
  ['with x as (select 1) delete from readings returning id', 'the store can only be read'],
  ['drop table readings', 'the store can only be read'],
  ['select count(*) from pragma_database_list', 'can only be read'],
  ['select * from pragma_database_list', 'access to pragma_database_list.seq is prohibited'],
  ["select load_extension('x')", 'not authorized to use function: load_extension'],
  ["vacuum into 'copy.db'", 'gives no rows'],
  ['-- nothing', 'there is no statement'],
  ['select 1; select 2', 'more than one statement'],
])('%s is refused', (sql, why) => {
  expect(() => run(sql)).toThrow(expect.objectContaining({ code: 'BAD_SQL', message: expect.stringContaining(why) }));
});

test('what takes more than a value may has a code of its own', () => {
  expect(() => run('select zeroblob(100000000)')).toThrow(expect.objectContaining({ code: 'QUERY_TOO_LARGE' }));
});

test('numbers that JavaScript does not have are texts, and bytes that are no text have a mark', () => {
  expect(run("select 9007199254740993, -7, cast(x'ff41' as text)")[1]).toEqual(['9007199254740993', -7, '\ufffdA']);
});

test('a store that is not there, and a file that is none', () => {
  expect(() => openForReading(join(store.folder, 'none.db'))).toThrow(expect.objectContaining({ code: 'NO_STORE' }));
  const other = join(store.folder, 'other.db');
  writeFileSync(other, 'no database, but long enough to be read as one'.repeat(100));
  expect(() => openForReading(other)).toThrow(expect.objectContaining({ code: 'STORE_UNUSABLE' }));
});
