/** The table of queues: one row for each, with its attributes and tags. */
import type { Database } from './queue-database.js';

export interface QueueRecord {
  id: number;
  name: string;
  /** As the caller set them; what is missing has its default. */
  attributes: Record<string, string>;
  tags: Record<string, string>;
  /** Unix milliseconds. */
  created: number;
  modified: number;
}

export type QueueTable = ReturnType<typeof openQueueTable>;

/** `join` is called before every write (see `group-commit.ts`). */
export function openQueueTable(database: Database, join: () => void) {
  const all = database.prepare('SELECT * FROM queues ORDER BY name');
  const insert = database.prepare(
    'INSERT INTO queues (name, attributes, tags, created, modified) VALUES (?, ?, ?, ?, ?) RETURNING id',
  );
  const update = database.prepare('UPDATE queues SET attributes = ?, tags = ?, modified = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM queues WHERE id = ?');

  return {
    all: () =>
      (all.all() as (Omit<QueueRecord, 'attributes' | 'tags'> & { attributes: string; tags: string })[]).map(
        (row): QueueRecord => ({ ...row, attributes: JSON.parse(row.attributes), tags: JSON.parse(row.tags) }),
      ),
    insert(queue: Omit<QueueRecord, 'id'>): QueueRecord {
      join();
      const values = [queue.name, JSON.stringify(queue.attributes), JSON.stringify(queue.tags)];
      const [row] = insert.all(...values, queue.created, queue.modified) as { id: number }[];
      return { ...queue, id: row!.id };
    },
    update({ id, attributes, tags, modified }: QueueRecord): void {
      join();
      update.run(JSON.stringify(attributes), JSON.stringify(tags), modified, id);
    },
    remove(id: number): void {
      join();
      remove.run(id);
    },
  };
}
