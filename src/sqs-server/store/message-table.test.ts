import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dropMessageTable, type MessageTable, openMessageTable } from './message-table.js';
import { type Database, openDatabase } from './queue-database.js';

let database: Database;
let table: MessageTable;
const join = vi.fn();

beforeEach(() => {
  database = openDatabase(':memory:');
  join.mockClear();
  table = openMessageTable(database, 7, join);
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
    meta: null,
  };
}
const seqs = (found: { seq: number }[]) => found.map(({ seq }) => seq);

test('what is inserted is read back', () => {
  table.insert([message(1, 'x'), message(2, 'y')]);
  table.insert([message(3, 'z', 9)]);
  expect(table.waitingAfter(0, 3, 10, 10)).toEqual([
    { ...message(1, 'x'), receives: 0, firstReceived: null, unverified: true },
    { ...message(2, 'y'), receives: 0, firstReceived: null, unverified: true },
  ]);
  expect(table.totals()).toMatchObject({ total: 3, due: 1, last: 3 });
  expect([table.receivesOf(1), table.receivesOf(4)]).toEqual([0, undefined]);
});

test('as many messages are fetched as have bodies of so many bytes together, but at least one', () => {
  table.insert([message(1, 'üü'), message(2, 'xx'), message(3, 'x'), message(4, 'x')]);
  const fetch = (bytes: number) => seqs(table.waitingAfter(0, 4, 10, bytes));
  expect([fetch(1), fetch(5), fetch(6), fetch(7), fetch(100)]).toEqual([[1], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]);
  expect(seqs(table.waitingAfter(0, 4, 2, 100))).toEqual([1, 2]);
  expect(seqs(table.waitingAfter(1, 3, 10, 100))).toEqual([2, 3]);
});

test('delayed and received messages are found in the order of their times', () => {
  table.insert([message(1, 'x', 30), message(2, 'x', 10), message(3, 'x', 20), message(4, 'x')]);
  expect(table.earliestDue()).toBe(10);
  expect(seqs(table.dueBy(20, 10, 100))).toEqual([2, 3]);
  expect(seqs(table.dueBy(30, 2, 100))).toEqual([2, 3]);
  table.setDue([2, 3], null);
  expect(table.earliestDue()).toBe(30);
  table.deliver([{ seq: 4, due: 5, receives: 2, firstReceived: 1 }]);
  expect(table.received()).toEqual([{ seq: 4, receives: 2 }]);
  expect(table.earliestDue()).toBe(5);
});

test('every write opens a transaction first', () => {
  const writes: (() => unknown)[] = [
    () => table.insert([message(1, 'x')]),
    () => table.deliver([]),
    () => table.setDue([1], 1),
    () => table.remove([2]),
    () => table.removeOne(1),
    () => table.clear(),
    () => dropMessageTable(database, 7, join),
  ];
  for (const [i, write] of writes.entries()) {
    write();
    expect(join).toHaveBeenCalledTimes(i + 1);
  }
});

test('a deleted queue leaves no table', () => {
  openMessageTable(database, 8, join);
  dropMessageTable(database, 7, join);
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE name GLOB 'messages_[0-9]'").all();
  expect(tables).toEqual([{ name: 'messages_8' }]);
});

test('a table that exists keeps its messages', () => {
  table.insert([message(1, 'x')]);
  expect(openMessageTable(database, 7, join).totals().total).toBe(1);
});
