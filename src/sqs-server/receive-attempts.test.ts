import LibsqlDatabase from 'libsql';
import { expect, test } from 'vitest';
import { ReceiveAttempts } from './receive-attempts.js';
import { FifoIndex } from './store/fifo-index.js';
import { openMessageTable } from './store/message-table.js';

const message = (seq: number) => ({
  ...{ seq, id: `${seq}`, body: `${seq}`, bodyMd5: '', attributes: null, attributesMd5: null, sent: 0, due: null },
  meta: JSON.stringify({ group: `g${seq}` }),
});

test('of very many attempts the oldest are forgotten', () => {
  const database = new LibsqlDatabase(':memory:');
  const table = openMessageTable(database, 1, () => undefined);
  const index = new FifoIndex(table);
  const attempts = new ReceiveAttempts(index, table);
  index.add([message(1), message(2)]);
  index.afterCommit();
  const picked = index.pick(2, 1);
  index.deliver(picked, 1_000, 1);
  attempts.add('first', [picked[0]!], 1);
  expect(attempts.repeat('first', 1_000, 1)).toHaveLength(1);
  for (let i = 0; i < 10_000; i++) attempts.add(`${i}`, [picked[1]!], 1);
  expect(attempts.repeat('first', 1_000, 1)).toBeUndefined();
  expect(attempts.repeat('9999', 1_000, 1)).toEqual([expect.objectContaining({ body: '2', receives: 1 })]);
  database.close();
});
