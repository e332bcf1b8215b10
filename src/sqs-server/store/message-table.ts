/**
 * The table of one queue's messages, in order of arrival. Every queue has its own table, so purging or deleting a queue
 * costs the same however many messages it holds.
 */
import { jsonOf } from '../../lib/json.js';
import { type Database, rowsOf, type SqlValue } from '../../lib/sqlite/driver.js';
import type { MessageMeta, StoredMessage } from './message.js';

/** What a delivery changes. */
export type Delivery = Pick<StoredMessage, 'seq' | 'due' | 'receives' | 'firstReceived'>;

const INSERTED = ['seq', 'id', 'body', 'bodyMd5', 'attributes', 'attributesMd5', 'sent', 'arrived', 'due'] as const;
const TEXTS = ['id', 'body', 'bodyMd5', 'attributes', 'attributesMd5', 'meta'];
const NUMBERS = ['seq', 'sent', 'arrived', 'due', 'receives', 'firstReceived'];
/** Damage may make a text of anything, and a number too large for JavaScript, at which the driver fails. */
const COLUMNS = [
  ...TEXTS.map((name) => `CAST(${name} AS TEXT) AS ${name}`),
  ...NUMBERS.map((name) => `CAST(${name} AS REAL) AS ${name}`),
];
/** Rows of one statement where there are so many; more of them save little. */
const INSERTED_AT_ONCE = 10;

type Row = Omit<StoredMessage, 'meta' | 'body'> & { meta: string | null; body: string | null };

export type MessageTable = ReturnType<typeof openMessageTable>;

/** Opens (or creates) the table and keeps its statements prepared, because preparing one costs more than running it. */
export function openMessageTable(database: Database, queueId: number) {
  const table = `messages_${queueId}`;
  // Only delayed and received messages have a `due`; the partial index holds only those, and all that counting them needs.
  database.exec(`
    CREATE TABLE IF NOT EXISTS ${table} (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL, bodyMd5 TEXT NOT NULL,
      attributes TEXT, attributesMd5 TEXT, sent INTEGER NOT NULL, due INTEGER, meta TEXT,
      receives INTEGER NOT NULL DEFAULT 0, firstReceived INTEGER, arrived INTEGER
    );
    DROP INDEX IF EXISTS ${table}_due;
    CREATE INDEX IF NOT EXISTS ${table}_hidden ON ${table} (due, receives) WHERE due IS NOT NULL;
  `);
  addArrived(database, table);
  /** Gives the only row of a query. */
  const row = <T>(sql: string) => {
    const statement = database.prepare(sql);
    return (...values: SqlValue[]) => statement.get(...values) as T;
  };
  /** Gives how many rows it changed. */
  const run = (sql: string) => {
    const statement = database.prepare(sql);
    return (...values: SqlValue[]) => Number(statement.run(...values).changes);
  };
  const insert = (rows: number) => {
    const row = `(${[...INSERTED, 'meta'].map(() => '?').join()})`;
    return run(`INSERT INTO ${table} (${INSERTED}, meta) VALUES ${Array(rows).fill(row).join()}`);
  };
  const [insertOne, insertSome] = [insert(1), insert(INSERTED_AT_ONCE)];
  const waiting = database.prepare(
    `SELECT ${COLUMNS} FROM ${table} WHERE seq > ? AND due IS NULL ORDER BY seq LIMIT ?`,
  );
  const dueBy = database.prepare(`SELECT ${COLUMNS} FROM ${table} WHERE due <= ? ORDER BY due LIMIT ?`);
  const earliestDue = row<{ due: number }>(
    `SELECT coalesce(min(due), 9e999) AS due FROM ${table} WHERE due IS NOT NULL`,
  );
  const oldest = database.prepare(
    `SELECT seq FROM (SELECT seq, arrived FROM ${table} ORDER BY seq LIMIT ?2) WHERE arrived < ?1`,
  );
  const first = row<{ arrived: number } | undefined>(`SELECT arrived FROM ${table} ORDER BY seq LIMIT 1`);
  const deliver = run(`
    UPDATE ${table} SET due = d.value ->> 'due', receives = d.value ->> 'receives',
      firstReceived = d.value ->> 'firstReceived' FROM json_each(?) AS d WHERE seq = d.value ->> 'seq'
  `);
  const remove = run(`DELETE FROM ${table} WHERE seq IN (SELECT value FROM json_each(?))`);
  const quarantine = run(`
    INSERT OR REPLACE INTO damaged_messages (queue, seq, reason, id, body, attributes, meta, sent)
      SELECT ${queueId}, seq, ?2, id, body, attributes, meta, sent FROM ${table} WHERE seq = ?1
  `);

  /** The first messages, as many as have bodies of at most `maxBytes` together, but at least one. */
  const readUpTo = (maxBytes: number, rows: Iterable<unknown>): StoredMessage[] => {
    const messages: StoredMessage[] = [];
    let bytes = 0;
    for (const row of rows as Iterable<Row>) {
      // Bytes that are not UTF-8 become U+FFFD, and the checksum no longer fits.
      const body = row.body ?? '';
      bytes += Buffer.byteLength(body);
      if (bytes > maxBytes && messages.length > 0) break;
      messages.push({ ...row, body, meta: parseMeta(row.meta), unverified: true });
    }
    return messages;
  };

  return {
    insert(messages: StoredMessage[]): void {
      for (let i = 0; i < messages.length; ) {
        const isMany = messages.length - i >= INSERTED_AT_ONCE;
        const values: SqlValue[] = [];
        for (const message of messages.slice(i, isMany ? i + INSERTED_AT_ONCE : i + 1)) {
          for (const column of INSERTED) values.push(message[column]);
          values.push(message.meta ? JSON.stringify(message.meta) : null);
          i++;
        }
        (isMany ? insertSome : insertOne)(...values);
      }
    },
    /** Messages after `seq` that are neither delayed nor received: at most `limit`, with `bytes` in all. */
    waitingAfter: (seq: number, limit: number, bytes: number) => readUpTo(bytes, waiting.iterate(seq, limit)),
    /** Delayed and received messages that are due by `now` (elapsed milliseconds), with the same limits. */
    dueBy: (now: number, limit: number, bytes: number) => readUpTo(bytes, dueBy.iterate(now, limit)),
    /** Elapsed milliseconds at which the next delayed or received message is due; Infinity = none. */
    earliestDue: () => earliestDue().due,
    /** How many messages are not visible at a time (elapsed milliseconds). */
    hiddenAt: row<{ inFlight: number; delayed: number }>(`
      SELECT count(*) FILTER (WHERE receives > 0) AS inFlight, count(*) FILTER (WHERE receives = 0) AS delayed
        FROM ${table} WHERE due > ?
    `),
    totals: row<{ count: number; last: number | null }>(`SELECT count(*) AS count, max(seq) AS last FROM ${table}`),
    /** Those of the first `limit` messages that arrived before `time` (elapsed milliseconds). */
    arrivedBefore: (time: number, limit: number) => oldest.all(time, limit).map(({ seq }) => Number(seq)),
    /** When the first message arrived (elapsed milliseconds); undefined: there is none. */
    firstArrival: () => first()?.arrived,
    deliver: (deliveries: Delivery[]) => deliver(JSON.stringify(deliveries)),
    /** With the `seq` of a message and its `due`. Gives 0: there is no such message, or it was never received. */
    reschedule: run(`UPDATE ${table} SET due = ?2 WHERE seq = ?1 AND receives > 0`),
    /** Gives how many of them there were. */
    remove: (seqs: number[]) => remove(JSON.stringify(seqs)),
    /** Moves one message to the damaged ones, where nobody receives it. */
    quarantine(seq: number, reason: string): void {
      quarantine(seq, reason);
      remove(JSON.stringify([seq]));
    },
    clear: () => database.exec(`DELETE FROM ${table}; DELETE FROM damaged_messages WHERE queue = ${queueId}`),
  };
}

/** Earlier versions write no `arrived`, also into a store that has it. */
function addArrived(database: Database, table: string): void {
  const columns = rowsOf<{ name: string }>(database, `PRAGMA table_info(${table})`);
  if (!columns.some(({ name }) => name === 'arrived')) database.exec(`ALTER TABLE ${table} ADD COLUMN arrived INTEGER`);
  database.exec(`UPDATE ${table} SET arrived = sent WHERE arrived IS NULL`);
}

/** Where it is damaged: no checksum covers it, and none of it is needed. */
const parseMeta = (json: string | null) => (json === null ? undefined : (jsonOf(json) as MessageMeta | undefined));
