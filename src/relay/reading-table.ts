/** The table of the readings that a relay keeps, and its statements. */
import type { Database } from '../lib/sqlite/driver.js';
import { rowOf } from '../lib/sqlite/driver.js';
import type { Relayed } from '../protocol/relay.js';

export interface KeptReading extends Relayed {
  /** Counts readings as they come; some numbers are missing. */
  id: number;
}

/** Readings read at once. */
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
  const first = database.prepare('SELECT arrived FROM readings WHERE id > ? ORDER BY id LIMIT 1');
  const before = database.prepare('SELECT coalesce(max(id), ?) AS last FROM readings WHERE id > ? AND arrived < ?');
  // Damage may make anything of a text: then the proxy refuses it.
  const select = database.prepare(`
    SELECT id, CAST(text AS TEXT) AS text, CAST(reported AS TEXT) AS reported
      FROM readings WHERE id > ? AND id <= ? ORDER BY id LIMIT ${READ_AT_ONCE}
  `);
  const pages = database.prepare(`
    SELECT (page_count - freelist_count) * page_size AS used, page_count AS pages
      FROM pragma_page_count, pragma_freelist_count, pragma_page_size
  `);

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
      for (const row of select.iterate(after, upTo) as Iterable<
        Omit<KeptReading, 'reported'> & { reported: string | null }
      >) {
        bytes += Buffer.byteLength(row.text) + (row.reported?.length ?? 0);
        if (bytes > maxBytes && kept.length > 0) break;
        kept.push({ ...row, reported: row.reported ?? undefined });
      }
      return kept;
    },
    /** When the first one after `id` came; undefined: there is none. */
    arrivalAfter: (id: number): number | undefined => (first.get(id) as { arrived: number } | undefined)?.arrived,
    /** The last one after `id` that came before a time, or `id`. */
    lastBefore: (id: number, time: number): number => (before.get(id, id, time) as { last: number }).last,
    totals(): { count: number; last: number } {
      const sql = 'SELECT count(*) AS count, coalesce(max(id), 0) AS last FROM readings';
      return rowOf<{ count: number; last: number }>(database, sql) ?? { count: 0, last: 0 };
    },
    /** Bytes that are in use, and pages of the whole file. */
    size: (): { used: number; pages: number } => pages.get() as { used: number; pages: number },
  };
}
