/** docs/history.md shows the answers of `GET /history`, and the tables of the store, as they are. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseHistoryQuery } from '../puller/history-routes.js';
import { historySchema } from '../store/history.js';
import { SqliteStore } from '../store/sqlite/sqlite-store.js';

const PAGE = readFileSync(new URL('../../docs/history.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text!);

test('the JSON Schema is that of the answers', () => {
  const [schema] = blocks('json schema');
  expect(JSON.parse(schema!)).toEqual(z.toJSONSchema(historySchema));
});

test('the example is an answer, and the examples of questions can be asked', () => {
  const [answer] = blocks('json');
  expect(historySchema.safeParse(JSON.parse(answer!)).error).toBeUndefined();
  const questions = [...PAGE.matchAll(/\/history\?([^'"\s]+)/g)].map(([, query]) => query!.replace(/\$\(.*/, '0'));
  for (const query of questions) parseHistoryQuery(Object.fromEntries(new URLSearchParams(query)), 1_750_000_000_000);
  expect(questions.length).toBeGreaterThan(2);
});

test('tables and views have the columns that are listed', () => {
  const store = new SqliteStore(':memory:');
  const rows = [...PAGE.matchAll(/^\| `((?:readings|messages|(?:region|sensor)_\w+))` \| ([^|]+) \|/gm)];
  for (const [, table, columns] of rows) {
    const found = store.database.prepare(`select name from pragma_table_info('${table}')`).all() as {
      name: string;
    }[];
    expect([table, found.map(({ name }) => name)]).toEqual([table, columns!.replaceAll('`', '').trim().split(', ')]);
  }
  expect(rows.length).toBe(6);
  const [...queries] = blocks('sql');
  for (const query of queries) store.database.prepare(query).all();
  expect(queries.length).toBeGreaterThan(1);
  store.close();
});
