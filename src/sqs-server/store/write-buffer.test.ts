import { beforeEach, expect, test, vi } from 'vitest';
import type { MessageTable } from './message-table.js';
import { WriteBuffer } from './write-buffer.js';

const table = { join: vi.fn(), remove: vi.fn(), deliver: vi.fn() };
let buffer: WriteBuffer;

beforeEach(() => {
  for (const write of Object.values(table)) write.mockClear();
  buffer = new WriteBuffer(table as unknown as MessageTable);
});

const delivery = (seq: number, receives = 1) => ({ seq, receives, due: 10, firstReceived: 1 });

test('nothing to write writes nothing', () => {
  buffer.writeRemovals();
  buffer.writeAll();
  for (const write of Object.values(table)) expect(write).not.toHaveBeenCalled();
});

test('deletions are written once, in one statement, and open a transaction when they are made', () => {
  buffer.remove(1);
  buffer.remove(2);
  expect(table.join).toHaveBeenCalledTimes(2);
  expect(table.remove).not.toHaveBeenCalled();
  buffer.writeRemovals();
  buffer.writeRemovals();
  expect(table.remove.mock.calls).toEqual([[[1, 2]]]);
});

test('of several deliveries the last is written; one of a deleted message is not', () => {
  buffer.deliver(delivery(1));
  buffer.deliver(delivery(1, 2));
  buffer.deliver(delivery(2));
  buffer.deliver(delivery(3));
  buffer.remove(2);
  expect(table.deliver).not.toHaveBeenCalled();
  buffer.writeAll();
  buffer.writeAll();
  expect(table.remove.mock.calls).toEqual([[[2]]]);
  expect(table.deliver.mock.calls).toEqual([[[delivery(1, 2), delivery(3)]]]);
});

test('what is cleared is not written', () => {
  buffer.deliver(delivery(1));
  buffer.remove(2);
  buffer.clear();
  buffer.writeAll();
  expect([table.remove.mock.calls, table.deliver.mock.calls]).toEqual([[], []]);
});
