import { expect, test } from 'vitest';
import { checkIsOne } from './statement-guard.js';

test.each([
  'select 1',
  'SELECT 1;',
  ' -- a remark; with a semicolon\n with x as (select 1) select * from x ; -- and another; one\n',
  '/* delete */ select \';\', "a;b", `c;d`, [e;f] from readings',
  "select 'it''s; one' /* not closed",
])('%j is one statement', (sql) => expect(() => checkIsOne(sql)).not.toThrow());

test.each(['select 1; attach x as y', "select 1;;select ';'", 'select 1 /* */ ; /* ; */ x', 'select 1\0; select 2'])(
  '%j is more than one statement',
  (sql) => expect(() => checkIsOne(sql)).toThrow('more than one statement'),
);

test.each(['', '  ', ';', '-- nothing', '/* select 1'])('%j is no statement', (sql) =>
  expect(() => checkIsOne(sql)).toThrow('there is no statement'),
);
