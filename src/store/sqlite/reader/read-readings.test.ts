import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openSqlite } from '../../../lib/sqlite/driver.js';
import { FIRST_AT, StoreOfReadings } from '../../../test/support/store-of-readings.js';
import { type ExportQuery, exportSchema } from '../../answer.js';
import { readReadings } from './read-readings.js';
import { openForReading } from './statement-guard.js';

let store: StoreOfReadings;
const opened: Database[] = [];

beforeEach(() => {
  store = new StoreOfReadings();
});

afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  store.close();
});

const ALL = { since: 0, until: FIRST_AT * 2 };

function lines(query: Partial<ExportQuery> = {}) {
  const database = openForReading(store.path);
  opened.push(database);
  return readReadings(database, { ...ALL, values: 'object', ...query });
}

/** Cells by their column, and the end. */
function read(query: Partial<ExportQuery> = {}) {
  const [first, ...rest] = [...lines(query)].filter((line) => line !== undefined);
  const { columns } = first as { columns: string[] };
  const rows = rest.slice(0, -1) as unknown[][];
  return {
    columns,
    rows: rows.map((row) => Object.fromEntries(row.map((cell, i) => [columns[i]!, cell]))),
    end: rest.at(-1),
  };
}

test('a reading is as it was sent, with the time when it was received', () => {
  store.add(1);
  expect(read()).toMatchObject({
    rows: [
      {
        ...{ received_at: FIRST_AT, timestamp: new Date(FIRST_AT).toISOString(), region: 'eu', hostname: 'edge-eu-1' },
        ...{
          execution_id: 'e-eu',
          sequence: 1,
          job_id: 'j-1',
          job_submission_time: 1,
          color: '#ff5733',
          icon_name: '🦊',
        },
        ...{ values: { temperature: 0 }, sensor_config: null },
      },
    ],
    end: { end: { rows: 1 } },
  });
});

test('only the readings of the time, the region and the host', () => {
  store.add(10);
  const received = (query: Partial<ExportQuery>) =>
    read(query).rows.map((row) => ((row.received_at as number) - FIRST_AT) / 1000);
  expect(received({ since: FIRST_AT + 3000, until: FIRST_AT + 6000 })).toEqual([3, 4, 5]);
  expect(received({ since: FIRST_AT + 3000, region: 'eu' })).toEqual([4, 6, 8]);
  expect(received({ host: 'edge-us-1', until: FIRST_AT + 4000 })).toEqual([1, 3]);
  expect(received({ region: 'as' })).toEqual([]);
});

test('values as columns: all names that occur, or those asked for', () => {
  store.add(1, () => ({ values: { temperature: 1.5 } }));
  store.add(1, () => ({ values: { humidity: 60, temperature: -2 } }));
  store.add(1, (n) => ({ execution_id: `other-${n}` }));
  const { columns, rows } = read({ values: 'columns' });
  expect(columns.slice(-2)).toEqual(['humidity', 'temperature']);
  expect(rows.map(({ humidity, temperature }) => [humidity, temperature])).toEqual([
    [null, 1.5],
    [60, -2],
    [null, 2],
  ]);
  expect(read({ values: 'columns', fields: 'pressure,temperature' }).columns.slice(-2)).toEqual([
    'pressure',
    'temperature',
  ]);
  expect(read({ fields: 'humidity' }).rows.map(({ values }) => values)).toEqual([{}, { humidity: 60 }, {}]);
});

test('every reading that was there when it began, once, while more are stored', () => {
  store.add(5000);
  const sequences: number[] = [];
  let pauses = 0;
  for (const line of lines()) {
    if (line === undefined) pauses++;
    if (!Array.isArray(line)) continue;
    sequences.push(line[5] as number);
    if (sequences.length % 1000 === 0) store.add(500);
  }
  expect(sequences).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
  // Who reads the answer hears that it goes on.
  expect(pauses).toBeGreaterThan(1);
});

test('a damaged reading is left out and counted', () => {
  store.add(4);
  const database = openSqlite(store.path);
  database.exec(
    "update readings set region = 'xx' where id = 2; update readings set measured_values = '{' where id = 3",
  );
  database.close();
  const { rows, end } = read({ values: 'columns' });
  expect(rows.map(({ sequence }) => sequence)).toEqual([1, 4]);
  expect(end).toEqual({ end: { rows: 2, damaged: 2 } });
});

test('a store without readings gives none', () => {
  expect(read({ values: 'columns' })).toMatchObject({ rows: [], end: { end: { rows: 0 } } });
});

test.each([
  [{}, 'object'],
  [{ values: 'object', fields: 'temperature,door_2' }, 'object'],
  [{ values: 'columns' }, 'columns'],
])('%j is an export with values as %s', (query, values) => {
  expect(exportSchema.parse({ since: '5', until: '1e3', ...query })).toEqual({
    ...{ since: 5, until: 1_000, ...query },
    values,
  });
});

test.each([
  { since: 'x', until: '1' },
  { since: '0' },
  { since: '0', until: '1', fields: 'Temperature' },
  { since: '0', until: '1', values: 'rows' },
  { since: '0', until: '1', hostname: 'edge-eu-1' },
])('%j is no export', (query) => expect(exportSchema.safeParse(query).success).toBe(false));
