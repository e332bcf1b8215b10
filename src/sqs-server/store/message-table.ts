/**
 * The table of one queue's messages, in order of arrival. Every queue has its own table, so purging or deleting a queue
 * costs the same however many messages it holds.
 */
import type { Database, SqlValue } from '../../lib/sqlite/driver.js';

/** Rare properties of a message, in one column so that ordinary messages stay small. */
export interface MessageMeta {
  /** MessageGroupId. */
  group?: string;
  /** AWSTraceHeader. */
  trace?: string;
  /** ARN of the queue whose redrive policy moved the message here. */
  source?: string;
  /** Deliveries in earlier queues. */
  earlierReceives?: number;
}

export interface NewMessage {
  /** Orders the messages of a queue; never reused. */
  seq: number;
  id: string;
  body: string;
  bodyMd5: string;
  /** JSON of the message attributes; null = none. */
  attributes: string | null;
  attributesMd5: string | null;
  /** Unix milliseconds by the wall clock, for the receivers. */
  sent: number;
  /** Elapsed milliseconds (see `lib/time/elapsed-clock.ts`) at which it came; its age counts from here. */
  arrived: number;
  /** Elapsed milliseconds from which it can be received; null = at once. */
  due: number | null;
  /** JSON of {@link MessageMeta}; null = none. */
  meta: string | null;
}

export interface StoredMessage extends NewMessage {
  /** Deliveries from this queue. */
  receives: number;
  /** Unix milliseconds of the first delivery by the wall clock; null = none yet. */
  firstReceived: number | null;
  /** It was read from the file, and nobody has compared it with its checksums yet. */
  unverified?: boolean;
}

/** What a delivery changes. */
export type Delivery = Pick<StoredMessage, 'seq' | 'receives'> & { due: number; firstReceived: number };

const INSERTED = [
  'seq',
  'id',
  'body',
  'bodyMd5',
  'attributes',
  'attributesMd5',
  'sent',
  'arrived',
  'due',
  'meta',
] as const;
const TEXTS = ['id', 'body', 'bodyMd5', 'attributes', 'attributesMd5', 'meta'] as const;
const NUMBERS = ['seq', 'sent', 'arrived', 'due', 'receives', 'firstReceived'] as const;
/** Damage may make a text of anything, and a number too large for JavaScript, at which the driver fails. */
const COLUMNS = [
  ...TEXTS.map((name) => `CAST(${name} AS TEXT) AS ${name}`),
  ...NUMBERS.map((name) => `CAST(${name} AS REAL) AS ${name}`),
];
const ROW = `(${INSERTED.map(() => '?').join()})`;
const IN_LIST = 'seq IN (SELECT value FROM json_each(?))';

export type MessageTable = ReturnType<typeof openMessageTable>;

/**
 * Opens (or creates) the table and keeps its statements prepared, because preparing one costs more than running it.
 * `join` is called before every write (see `group-commit.ts`).
 */
export function openMessageTable(database: Database, queueId: number, join: () => void) {
  const table = tableName(queueId);
  // Only delayed and received messages have a `due`; the partial index holds only those.
  database.exec(`
    CREATE TABLE IF NOT EXISTS ${table} (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL, bodyMd5 TEXT NOT NULL,
      attributes TEXT, attributesMd5 TEXT, sent INTEGER NOT NULL, due INTEGER, meta TEXT,
      receives INTEGER NOT NULL DEFAULT 0, firstReceived INTEGER, arrived INTEGER
    );
    CREATE INDEX IF NOT EXISTS ${table}_due ON ${table} (due) WHERE due IS NOT NULL;
  `);
  addArrived(database, table);
  const inserts = new Map<number, ReturnType<Database['prepare']>>();
  const insertOf = (count: number) => {
    let statement = inserts.get(count);
    if (!statement) {
      statement = database.prepare(`INSERT INTO ${table} (${INSERTED}) VALUES ${Array(count).fill(ROW).join()}`);
      inserts.set(count, statement);
    }
    return statement;
  };
  const sizes = 'seq, octet_length(body) AS bytes';
  const waiting = database.prepare(
    `SELECT ${sizes} FROM ${table} WHERE seq > ? AND seq <= ? AND due IS NULL ORDER BY seq LIMIT ?`,
  );
  const dueBy = database.prepare(`SELECT ${sizes} FROM ${table} WHERE due <= ? ORDER BY due LIMIT ?`);
  const earliestDue = database.prepare(`SELECT min(due) AS due FROM ${table} WHERE due IS NOT NULL`);
  // The first reads the index alone, the second every row that is due.
  const dueCount = database.prepare(`SELECT count(*) AS count FROM ${table} WHERE due <= ?`);
  const dueDelayed = database.prepare(`SELECT count(*) AS count FROM ${table} WHERE due <= ? AND receives = 0`);
  const received = database.prepare(`SELECT seq, receives FROM ${table} WHERE due IS NOT NULL AND receives > 0`);
  const totals = database.prepare(`SELECT count(*) AS total, count(due) AS due, max(seq) AS last FROM ${table}`);
  const receives = database.prepare(`SELECT receives FROM ${table} WHERE seq = ?`);
  const listed = database.prepare(`SELECT ${COLUMNS} FROM ${table} WHERE ${IN_LIST} ORDER BY seq`);
  const oldest = database.prepare(
    `SELECT seq FROM (SELECT seq, arrived FROM ${table} ORDER BY seq LIMIT ?) WHERE arrived < ?`,
  );
  const first = database.prepare(`SELECT arrived FROM ${table} ORDER BY seq LIMIT 1`);
  const deliver = database.prepare(`
    UPDATE ${table} SET due = d.value ->> 'due', receives = d.value ->> 'receives',
      firstReceived = d.value ->> 'firstReceived' FROM json_each(?) AS d WHERE seq = d.value ->> 'seq'
  `);
  const setDue = database.prepare(`UPDATE ${table} SET due = ? WHERE ${IN_LIST}`);
  const remove = database.prepare(`DELETE FROM ${table} WHERE ${IN_LIST}`);
  const removeOne = database.prepare(`DELETE FROM ${table} WHERE seq = ? RETURNING due`);
  const clear = database.prepare(`DELETE FROM ${table}`);
  const forgetDamaged = database.prepare('DELETE FROM damaged_messages WHERE queue = ?');
  const quarantine = database.prepare(`
    INSERT OR REPLACE INTO damaged_messages (queue, seq, reason, id, body, attributes, meta, sent)
      SELECT ?, seq, ?, id, body, attributes, meta, sent FROM ${table} WHERE seq = ?
  `);

  const write = (statement: ReturnType<Database['prepare']>, values: SqlValue[]): void => {
    join();
    statement.run(...values);
  };
  /** Fetches the first messages, as many as have bodies of at most `maxBytes` together, but at least one. */
  const fetchUpTo = (maxBytes: number, found: { seq: number; bytes: number }[]) => {
    const seqs: number[] = [];
    let sum = 0;
    for (const { seq, bytes } of found) {
      sum += bytes;
      if (sum > maxBytes && seqs.length > 0) break;
      seqs.push(seq);
    }
    // Bytes that are not UTF-8 become U+FFFD, and the checksum no longer fits.
    const messages = listed.all(JSON.stringify(seqs)) as StoredMessage[];
    for (const message of messages) {
      message.body ??= '';
      message.unverified = true;
    }
    return messages;
  };

  return {
    insert(messages: NewMessage[]): void {
      join();
      const values: SqlValue[] = [];
      for (const message of messages) for (const column of INSERTED) values.push(message[column]);
      insertOf(messages.length).run(...values);
    },
    /** Messages that are neither delayed nor received, after `seq` up to `last`: at most `limit`, of `bytes` in all. */
    waitingAfter: (seq: number, last: number, limit: number, bytes: number) =>
      fetchUpTo(bytes, waiting.all(seq, last, limit) as { seq: number; bytes: number }[]),
    /** Delayed and received messages that are due by `now` (elapsed milliseconds), with the same limits. */
    dueBy: (now: number, limit: number, bytes: number) =>
      fetchUpTo(bytes, dueBy.all(now, limit) as { seq: number; bytes: number }[]),
    /** How many delayed and received messages are due by `now`. */
    dueCount: (now: number) => (dueCount.get(now) as { count: number }).count,
    /** How many of these were delayed. */
    dueDelayed: (now: number) => (dueDelayed.get(now) as { count: number }).count,
    /** Deliveries of one message; undefined: it does not exist. */
    receivesOf: (seq: number) => (receives.all(seq)[0] as { receives: number } | undefined)?.receives,
    /** Elapsed milliseconds at which the next delayed or received message is due; Infinity = none. */
    earliestDue: () => (earliestDue.get() as { due: number | null }).due ?? Number.POSITIVE_INFINITY,
    received: () => received.all() as { seq: number; receives: number }[],
    totals: () => totals.get() as { total: number; due: number; last: number | null },
    /** Those of the first `limit` messages that arrived before `time` (elapsed milliseconds). */
    arrivedBefore: (time: number, limit: number) =>
      (oldest.all(limit, time) as { seq: number }[]).map(({ seq }) => seq),
    /** When the first message arrived (elapsed milliseconds); undefined: there is none. */
    firstArrival: () => (first.all()[0] as { arrived: number } | undefined)?.arrived,
    deliver: (deliveries: Delivery[]) => write(deliver, [JSON.stringify(deliveries)]),
    setDue: (seqs: number[], due: number | null) => write(setDue, [due, JSON.stringify(seqs)]),
    remove: (seqs: number[]) => write(remove, [JSON.stringify(seqs)]),
    /** Moves one message to the damaged ones, where nobody receives it. */
    quarantine(seq: number, reason: string): void {
      write(quarantine, [queueId, reason, seq]);
      remove.run(JSON.stringify([seq]));
    },
    /** Removes one message and returns its `due`. Undefined: it does not exist. */
    removeOne(seq: number): { due: number | null } | undefined {
      join();
      return removeOne.all(seq)[0] as { due: number | null } | undefined;
    },
    clear(): void {
      write(clear, []);
      forgetDamaged.run(queueId);
    },
    /** Opens a transaction for a write that follows before the commit. */
    join,
  };
}

/** Earlier versions write no `arrived`, also into a store that has it. */
function addArrived(database: Database, table: string): void {
  const columns = database.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[];
  if (!columns.some(({ name }) => name === 'arrived')) database.exec(`ALTER TABLE ${table} ADD COLUMN arrived INTEGER`);
  database.exec(`UPDATE ${table} SET arrived = sent WHERE arrived IS NULL`);
}

export function parseMeta({ meta }: Pick<NewMessage, 'meta'>): MessageMeta {
  try {
    return meta === null ? {} : JSON.parse(meta);
  } catch {
    // Damaged, but no checksum covers it, and none of it is needed.
    return {};
  }
}

export function dropMessageTable(database: Database, queueId: number, join: () => void): void {
  join();
  database.exec(`DROP TABLE IF EXISTS ${tableName(queueId)}`);
  database.exec(`DELETE FROM damaged_messages WHERE queue = ${queueId}`);
}

function tableName(queueId: number): string {
  return `messages_${queueId}`;
}
