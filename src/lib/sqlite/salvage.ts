/** Copies what can still be read of a damaged database. */
import { type Database, isDamage } from './check-database.js';

/** Rows copied, by table. */
export type Salvaged = Record<string, number>;

const ROWS = 500;
const name = (text: string) => `"${text.replaceAll('"', '""')}"`;

/**
 * Copies every readable row of every table into `target`, which may have tables already: a row that is there stays. Rows
 * must have a rowid, as they have unless the schema says otherwise. Does not throw because of damage.
 */
export function salvage(source: Database, target: Database): Salvaged {
  const salvaged: Salvaged = {};
  for (const table of tablesOf(source)) {
    target.exec(table.sql.replace(/^CREATE TABLE (?!IF NOT EXISTS)/i, 'CREATE TABLE IF NOT EXISTS '));
    target.exec('BEGIN IMMEDIATE');
    salvaged[table.name] = copyRows(source, target, table.name);
    target.exec('COMMIT');
  }
  return salvaged;
}

function tablesOf(source: Database): { name: string; sql: string }[] {
  return unlessDamaged(() => {
    // Without it one damaged definition hides all tables.
    source.exec('PRAGMA writable_schema = ON');
    const sql = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
    return source.prepare(sql).all([]) as { name: string; sql: string }[];
  }, []);
}

function copyRows(source: Database, target: Database, table: string): number {
  const present = new Set(columnsOf(target, table));
  const columns = columnsOf(source, table).filter((column) => present.has(column));
  if (columns.length === 0) return 0;
  const list = columns.map(name).join();
  // Texts travel as bytes: libsql aborts the process when it meets one that damage has left without valid UTF-8.
  const bytes = columns
    .map(name)
    .map((c) => `typeof(${c}) = 'text', iif(typeof(${c}) = 'text', cast(${c} AS BLOB), ${c})`);
  const marks = columns.map((_, i) => `iif(?${2 * i + 2}, cast(?${2 * i + 3} AS TEXT), ?${2 * i + 3})`).join();
  const insert = target.prepare(`INSERT OR IGNORE INTO ${name(table)} (rowid, ${list}) VALUES (?1, ${marks})`);
  const read = source.prepare(
    `SELECT rowid, ${bytes.join()} FROM ${name(table)} NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT ?`,
  );
  read.raw(true);
  const rowsFrom = (rowid: number, limit: number) =>
    unlessDamaged(() => read.all([rowid, limit]) as [number, ...unknown[]][], undefined);
  let copied = 0;
  let next = Number.MIN_SAFE_INTEGER;
  let limit = ROWS;
  for (;;) {
    const rows = rowsFrom(next, limit);
    if (rows === undefined && limit > 1) {
      // The readable rows before the damage, one by one.
      limit = 1;
      continue;
    }
    if (rows === undefined) {
      const readable = firstReadable(next, (rowid) => rowsFrom(rowid, 1) !== undefined);
      if (readable === undefined) return copied;
      next = readable;
      limit = ROWS;
      continue;
    }
    for (const row of rows) if (unlessBroken(() => insert.run(row as unknown[]).changes > 0)) copied += 1;
    if (rows.length === 0) return copied;
    next = rows.at(-1)![0] + 1;
  }
}

/** The first number above `damaged` that `canRead`; pages are damaged as a whole, so what follows a readable one is, too. */
function firstReadable(damaged: number, canRead: (rowid: number) => boolean): number | undefined {
  let bad = damaged;
  let good = damaged;
  for (let step = 1; good === bad; step *= 2) {
    const next = Math.min(bad + step, Number.MAX_SAFE_INTEGER);
    if (canRead(next)) good = next;
    else if (next === Number.MAX_SAFE_INTEGER) return undefined;
    else bad = good = next;
  }
  while (good - bad > 1) {
    const middle = Math.floor((bad + good) / 2);
    if (canRead(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

const columnsOf = (database: Database, table: string): string[] =>
  unlessDamaged(
    () => (database.prepare(`PRAGMA table_info(${name(table)})`).all([]) as { name: string }[]).map((row) => row.name),
    [],
  );

function unlessDamaged<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (isDamage(error)) return otherwise;
    throw error;
  }
}

/** Whether a row could be written: damage can leave a row that breaks a constraint of its table. */
function unlessBroken(write: () => boolean): boolean {
  try {
    return write();
  } catch (error) {
    if (/^SQLITE_(CONSTRAINT|MISMATCH)/.test((error as { code?: string }).code ?? '')) return false;
    throw error;
  }
}
