/** Copies what can still be read of a damaged database. */
import { type Database, isDamage } from './check-database.js';

/** Rows copied, by table. */
export type Salvaged = Record<string, number>;

/** Rows copied at a time. */
const ROWS = 500;
const name = (text: string) => `"${text.replaceAll('"', '""')}"`;

/**
 * Copies every readable row of every table into the database at `path`, which may have tables already: a row that is there
 * stays. Rows must have a rowid that is not negative, as they have unless the schema says otherwise. Does not throw
 * because of damage. No text passes through this process: libsql aborts it at one that is not UTF-8.
 */
export function salvage(source: Database, path: string): Salvaged {
  const salvaged: Salvaged = {};
  // Without it a file that is too short, or one damaged definition, hides everything.
  source.exec('PRAGMA writable_schema = ON');
  const attach = () => source.exec(`ATTACH '${path.replaceAll("'", "''")}' AS target`) ?? true;
  // Not even the beginning of the file can be read.
  if (unlessDamaged(attach) === undefined) return salvaged;
  try {
    // The caller syncs the file when it is complete. A transaction would fail as a whole with its first unreadable row.
    source.exec('PRAGMA target.synchronous = OFF');
    for (const table of tablesOf(source)) {
      source.exec(table.sql.replace(/^CREATE TABLE (IF NOT EXISTS )?/i, 'CREATE TABLE IF NOT EXISTS target.'));
      salvaged[table.name] = copyRows(source, table.name);
    }
  } finally {
    source.exec('DETACH target');
  }
  return salvaged;
}

function tablesOf(source: Database): { name: string; sql: string }[] {
  const sql =
    "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
  return unlessDamaged(() => source.prepare(sql).all([]) as { name: string; sql: string }[]) ?? [];
}

function copyRows(source: Database, table: string): number {
  const present = new Set(columnsOf(source, 'target', table));
  const list = columnsOf(source, 'main', table)
    .filter((column) => present.has(column))
    .map(name)
    .join();
  if (list === '') return 0;
  const from = `FROM main.${name(table)} NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT ?`;
  // A row that breaks a constraint, as damage can leave it, is left out.
  const copy = source.prepare(
    `INSERT OR IGNORE INTO target.${name(table)} (rowid, ${list}) SELECT rowid, ${list} ${from}`,
  );
  const last = source.prepare(`SELECT max(id) AS last FROM (SELECT rowid AS id ${from})`);
  let copied = 0;
  /** Copies rows from a rowid on. Returns the last one; null: there are none; undefined: they can't be read. */
  const copyFrom = (rowid: number, limit: number): number | null | undefined =>
    unlessDamaged(() => {
      copied += copy.run([rowid, limit]).changes;
      return (last.get([rowid, limit]) as { last: number | null }).last;
    });
  let next = 0;
  let limit = ROWS;
  for (;;) {
    const end = copyFrom(next, limit);
    if (end === null) return copied;
    if (end !== undefined) next = end + 1;
    // The readable rows before the damage, one by one.
    else if (limit > 1) limit = 1;
    else {
      const readable = firstReadable(next, (rowid) => copyFrom(rowid, 1) !== undefined);
      if (readable === undefined) return copied;
      next = readable;
      limit = ROWS;
    }
  }
}

/** The first number above `damaged` that `canRead`: pages are damaged as a whole, so what follows a readable one is, too. */
function firstReadable(damaged: number, canRead: (rowid: number) => boolean): number | undefined {
  let bad = damaged;
  let step = 1;
  while (!canRead(bad + step)) {
    bad += step;
    step *= 2;
    if (bad + step > Number.MAX_SAFE_INTEGER) return undefined;
  }
  let good = bad + step;
  while (good - bad > 1) {
    const middle = Math.floor((bad + good) / 2);
    if (canRead(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

function columnsOf(database: Database, schema: string, table: string): string[] {
  const read = database.prepare(`PRAGMA ${schema}.table_info(${name(table)})`);
  return (unlessDamaged(() => read.all([]) as { name: string }[]) ?? []).map((column) => column.name);
}

function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}
