import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../lib/sqlite/driver.js';
import { type MessageTable, openMessageTable } from './message-table.js';
import { deleteQueue, openDatabase } from './queue-database.js';

let database: Database;
let table: MessageTable;

beforeEach(() => {
  database = openDatabase(':memory:');
  table = openMessageTable(database, 7);
});

afterEach(() => void database.close());

function message(seq: number, body: string, due: number | null = null) {
  return {
    seq,
    id: `${seq}`,
    body,
    bodyMd5: 'm',
    attributes: '{}',
    attributesMd5: 'a',
    sent: 5,
    arrived: 6,
    due,
    meta: undefined,
    receives: 0,
    firstReceived: null,
  };
}
const seqs = (found: { seq: number }[]) => found.map(({ seq }) => seq);

test('what is inserted is read back', () => {
  table.insert([message(1, 'x'), message(2, 'y')]);
  table.insert([message(3, 'z', 9)]);
  expect(table.waitingAfter(0, 10, 10)).toEqual([
    { ...message(1, 'x'), unverified: true },
    { ...message(2, 'y'), unverified: true },
  ]);
  expect(table.totals()).toEqual({ count: 3, last: 3 });
  expect([table.hiddenAt(8), table.hiddenAt(9)]).toEqual([
    { inFlight: 0, delayed: 1 },
    { inFlight: 0, delayed: 0 },
  ]);
});

test('as many are inserted at once as come, with what is rare', () => {
  const meta = { group: 'g', trace: 't', source: 's', earlierReceives: 3 };
  const many = Array.from({ length: 23 }, (_, i) => ({ ...message(i + 1, `${i}`), meta }));
  table.insert(many);
  expect(table.waitingAfter(0, 100, 1_000)).toEqual(many.map((one) => ({ ...one, unverified: true })));
});

test('as many messages are fetched as have bodies of so many bytes together, but at least one', () => {
  table.insert([message(1, 'üü'), message(2, 'xx'), message(3, 'x'), message(4, 'x')]);
  const fetch = (bytes: number) => seqs(table.waitingAfter(0, 10, bytes));
  expect([fetch(1), fetch(5), fetch(6), fetch(7), fetch(100)]).toEqual([[1], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]);
  expect(seqs(table.waitingAfter(0, 2, 100))).toEqual([1, 2]);
  expect(seqs(table.waitingAfter(1, 10, 100))).toEqual([2, 3, 4]);
});

test('delayed and received messages are found in the order of their times', () => {
  table.insert([message(1, 'x', 30), message(2, 'x', 10), message(3, 'x', 20), message(4, 'x')]);
  expect(table.earliestDue()).toBe(10);
  expect(seqs(table.dueBy(20, 10, 100))).toEqual([2, 3]);
  expect(seqs(table.dueBy(30, 2, 100))).toEqual([2, 3]);
  table.deliver([2, 3].map((seq) => ({ seq, due: null, receives: 0, firstReceived: null })));
  expect(table.earliestDue()).toBe(30);
  table.deliver([{ seq: 4, due: 5, receives: 2, firstReceived: 1 }]);
  expect(table.hiddenAt(4)).toEqual({ inFlight: 1, delayed: 1 });
  expect(table.earliestDue()).toBe(5);
});

test('a deleted queue leaves no table', () => {
  openMessageTable(database, 8);
  deleteQueue(database, 7);
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE name GLOB 'messages_[0-9]'").all();
  expect(tables).toEqual([{ name: 'messages_8' }]);
});

test('a table that exists keeps its messages', () => {
  table.insert([message(1, 'x')]);
  expect(openMessageTable(database, 7).totals().count).toBe(1);
});
