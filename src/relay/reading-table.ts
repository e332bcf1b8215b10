/** The table of the readings that a relay keeps, and its statements. */
import type { Database } from '../lib/sqlite/driver.js';
import type { Relayed } from '../protocol/relay.js';

export interface KeptReading extends Relayed {
  /** Counts readings as they come; some numbers are missing. */
  id: number;
}

const READ_AT_ONCE = 5_000;

export type ReadingTable = ReturnType<typeof openReadingTable>;

/** Opens (or creates) it. `arrived` is elapsed milliseconds. */
export function openReadingTable(database: Database) {
  database.exec(`
    CREATE TABLE IF NOT EXISTS readings (
      id INTEGER PRIMARY KEY, text TEXT NOT NULL, reported TEXT, arrived INTEGER NOT NULL
    )
  `);
  const insert = database.prepare('INSERT INTO readings (id, text, reported, arrived) VALUES (?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM readings WHERE id IN (SELECT value FROM json_each(?))');
  // Damage may make anything of a text: then the proxy refuses it.
  const select = database.prepare(`
    SELECT id, CAST(text AS TEXT) AS text, CAST(reported AS TEXT) AS reported
      FROM readings WHERE id > ? AND id <= ? ORDER BY id LIMIT ${READ_AT_ONCE}
  `);
  /** Undefined for no row, and for NULL. */
  const numberOf = (sql: string) => {
    const statement = database.prepare(sql);
    return (...parameters: number[]) =>
      (statement.get(...parameters) as { value: number | null } | undefined)?.value ?? undefined;
  };

  return {
    insert(id: number, { text, reported }: Relayed, arrived: number): void {
      insert.run(id, text, reported ?? null, arrived);
    },
    /** Returns how many there were. */
    remove: (ids: number[]): number => Number(remove.run(JSON.stringify(ids)).changes),
    /** Those after one and up to another, with texts of at most `maxBytes` together, but at least one. */
    read(after: number, upTo: number, maxBytes: number): KeptReading[] {
      const kept: KeptReading[] = [];
      let bytes = 0;
      for (const row of select.iterate(after, upTo)) {
        const { id, text, reported } = row as { id: number; text: string; reported: string | null };
        bytes += Buffer.byteLength(text) + (reported?.length ?? 0);
        if (bytes > maxBytes && kept.length > 0) break;
        kept.push({ id, text, reported: reported ?? undefined });
      }
      return kept;
    },
    /** When the first one after an id came. */
    arrivalAfter: numberOf('SELECT arrived AS value FROM readings WHERE id > ? ORDER BY id LIMIT 1'),
    /** The last one after an id that came before a time. */
    lastBefore: numberOf('SELECT max(id) AS value FROM readings WHERE id > ? AND arrived < ?'),
    count: numberOf('SELECT count(*) AS value FROM readings'),
    lastId: numberOf('SELECT max(id) AS value FROM readings'),
    /** Bytes that are in use, and pages of the whole file. */
    bytes: numberOf(`
      SELECT (page_count - freelist_count) * page_size AS value
        FROM pragma_page_count, pragma_freelist_count, pragma_page_size
    `),
    pages: numberOf('SELECT page_count AS value FROM pragma_page_count'),
  };
}
