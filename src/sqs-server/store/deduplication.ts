/** What FIFO queues have accepted in the last five minutes; it survives a restart, when repetitions are most likely. */
import { DEDUPLICATION_MS } from '../protocol/sqs-limits.js';
import type { Database } from './database.js';

export interface Accepted {
  message: string;
  seq: number;
}

export type Deduplication = ReturnType<typeof openDeduplication>;

/** `join` is called before every write. */
export function openDeduplication(database: Database, join: () => void) {
  const find = database.prepare(
    'SELECT message, seq FROM deduplication WHERE queue = ? AND scope = ? AND id = ? AND expires > ?',
  );
  const put = database.prepare('INSERT OR REPLACE INTO deduplication VALUES (?, ?, ?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM deduplication WHERE queue = ?');
  const expire = database.prepare('DELETE FROM deduplication WHERE expires <= ?');

  return {
    /** `scope`: the message group, or '' when ids hold for the whole queue. */
    find: (queue: number, scope: string, id: string, now: number) =>
      find.all([queue, scope, id, now])[0] as Accepted | undefined,
    put(queue: number, scope: string, id: string, { message, seq }: Accepted, now: number): void {
      join();
      put.run([queue, scope, id, message, seq, now + DEDUPLICATION_MS]);
    },
    remove(queue: number): void {
      join();
      remove.run([queue]);
    },
    expire(now: number): void {
      join();
      expire.run([now]);
    },
  };
}
