/**
 * The table of one queue's messages, in order of arrival. Every queue has its own table, so purging or deleting a queue
 * costs the same however many messages it holds.
 */
import type { Database, SqlValue } from '../../lib/sqlite/driver.js';
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
  const all = <T>(sql: string) => {
    const statement = database.prepare(sql);
    return (...values: SqlValue[]) => statement.all(...values) as T[];
  };
  /** Returns how many rows it changed. */
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
  const earliestDue = all<{ due: number | null }>(`SELECT min(due) AS due FROM ${table} WHERE due IS NOT NULL`);
  const hidden = all<{ inFlight: number; delayed: number }>(`
    SELECT count(*) FILTER (WHERE receives > 0) AS inFlight, count(*) FILTER (WHERE receives = 0) AS delayed
      FROM ${table} WHERE due > ?
  `);
  const totals = all<{ count: number; last: number | null }>(
    `SELECT count(*) AS count, max(seq) AS last FROM ${table}`,
  );
  const oldest = all<{ seq: number }>(
    `SELECT seq FROM (SELECT seq, arrived FROM ${table} ORDER BY seq LIMIT ?) WHERE arrived < ?`,
  );
  const first = all<{ arrived: number }>(`SELECT arrived FROM ${table} ORDER BY seq LIMIT 1`);
  const deliver = run(`
    UPDATE ${table} SET due = d.value ->> 'due', receives = d.value ->> 'receives',
      firstReceived = d.value ->> 'firstReceived' FROM json_each(?) AS d WHERE seq = d.value ->> 'seq'
  `);
  const reschedule = run(`UPDATE ${table} SET due = ? WHERE seq = ? AND receives > 0`);
  const remove = run(`DELETE FROM ${table} WHERE seq IN (SELECT value FROM json_each(?))`);
  const clear = run(`DELETE FROM ${table}`);
  const forgetDamaged = run('DELETE FROM damaged_messages WHERE queue = ?');
  const quarantine = run(`
    INSERT OR REPLACE INTO damaged_messages (queue, seq, reason, id, body, attributes, meta, sent)
      SELECT ?, seq, ?, id, body, attributes, meta, sent FROM ${table} WHERE seq = ?
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
    earliestDue: () => earliestDue()[0]?.due ?? Number.POSITIVE_INFINITY,
    /** How many messages are not visible at `now`. */
    hiddenAt: (now: number) => hidden(now)[0]!,
    totals: () => totals()[0]!,
    /** Those of the first `limit` messages that arrived before `time` (elapsed milliseconds). */
    arrivedBefore: (time: number, limit: number) => oldest(limit, time).map(({ seq }) => seq),
    /** When the first message arrived (elapsed milliseconds); undefined: there is none. */
    firstArrival: () => first()[0]?.arrived,
    deliver: (deliveries: Delivery[]) => deliver(JSON.stringify(deliveries)),
    /** False: there is no such message, or it was never received. */
    reschedule: (seq: number, due: number) => reschedule(due, seq) > 0,
    /** Returns how many of them there were. */
    remove: (seqs: number[]) => remove(JSON.stringify(seqs)),
    /** Moves one message to the damaged ones, where nobody receives it. */
    quarantine(seq: number, reason: string): void {
      quarantine(queueId, reason, seq);
      remove(JSON.stringify([seq]));
    },
    clear(): void {
      clear();
      forgetDamaged(queueId);
    },
  };
}

/** Earlier versions write no `arrived`, also into a store that has it. */
function addArrived(database: Database, table: string): void {
  const columns = database.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[];
  if (!columns.some(({ name }) => name === 'arrived')) database.exec(`ALTER TABLE ${table} ADD COLUMN arrived INTEGER`);
  database.exec(`UPDATE ${table} SET arrived = sent WHERE arrived IS NULL`);
}

function parseMeta(json: string | null): MessageMeta | undefined {
  try {
    return json === null ? undefined : JSON.parse(json);
  } catch {
    // Damaged, but no checksum covers it, and none of it is needed.
    return undefined;
  }
}
