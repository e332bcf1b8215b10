import { expect, test } from 'vitest';
import { checkStatement } from './sql-guard.js';

test.each([
  'select 1',
  'SELECT 1;',
  ' -- a remark; with a semicolon\n with x as (select 1) select * from x ; -- and another; one\n',
  '/* delete */ select \';\', "a;b", `c;d`, [e;f] from readings',
  "select 'it''s; one' /* not closed",
  'values (1), (2)',
  'explain query plan select 1',
])('%j reads', (sql) => expect(() => checkStatement(sql)).not.toThrow());

test.each([
  ["attach 'other.db' as other", 'attach'],
  ['ATTACH x', 'ATTACH'],
  ["vacuum into 'copy.db'", 'vacuum'],
  ['pragma journal_mode = delete', 'pragma'],
  ['/* select */ delete from readings', 'delete'],
  ['-- select 1\ndrop table readings', 'drop'],
  ['selected', 'selected'],
  ['(select 1)', '('],
])('%j is refused, naming its first word', (sql, word) =>
  expect(() => checkStatement(sql)).toThrow(`begins with ${JSON.stringify(word)}`),
);

test.each(['select 1; attach x as y', "select 1;;select ';'", 'select 1 /* */ ; /* ; */ x'])(
  '%j is more than one statement',
  (sql) => expect(() => checkStatement(sql)).toThrow('more than one statement'),
);

test.each(['', '  ', ';', '-- nothing', '/* select 1'])('%j is no statement', (sql) =>
  expect(() => checkStatement(sql)).toThrow('there is no statement'),
);
