/** Copies what can still be read of a damaged database. */
import { type Database, isDamage, rowsOf } from './driver.js';

/** Rows copied, by table. */
export type Salvaged = Record<string, number>;

const ROWS = 500;
const name = (text: string) => `"${text.replaceAll('"', '""')}"`;

/**
 * Copies every readable row of every table into the database at `path`, which may have tables already: a row that is there
 * stays. Rows must have a rowid that is not negative, as they have unless the schema says otherwise; the keys of tables
 * without rowid must be integers that are not negative. Does not throw because of damage.
 */
export function salvage(source: Database, path: string): Salvaged {
  const salvaged: Salvaged = {};
  // Without it a file that is too short, or one damaged definition, hides everything.
  source.enableDefensive(false);
  source.exec('PRAGMA writable_schema = ON');
  const attach = () => source.exec(`ATTACH '${path.replaceAll("'", "''")}' AS target`) ?? true;
  // Not even the beginning of the file can be read.
  if (unlessDamaged(attach) === undefined) return salvaged;
  try {
    // The caller syncs the file when it is complete. A transaction would fail as a whole with its first unreadable row.
    source.exec('PRAGMA target.synchronous = OFF');
    for (const table of tablesOf(source)) {
      source.exec(table.sql.replace(/^CREATE TABLE (IF NOT EXISTS )?/i, 'CREATE TABLE IF NOT EXISTS target.'));
      salvaged[table.name] = copyRows(source, table);
    }
  } finally {
    source.exec('DETACH target');
  }
  return salvaged;
}

function tablesOf(source: Database): { name: string; sql: string }[] {
  const sql =
    "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
  return unlessDamaged(() => rowsOf<{ name: string; sql: string }>(source, sql)) ?? [];
}

/** The key of a row: its columns in order. */
type Key = number[];

function copyRows(source: Database, { name: table, sql }: { name: string; sql: string }): number {
  // `pk`: place in the primary key, from 1 on; 0: none.
  const columnsOfBoth = `select name, pk from pragma_table_info(:table, 'main')
    where name in (select name from pragma_table_info(:table, 'target'))`;
  const columns = unlessDamaged(() => rowsOf<{ name: string; pk: number }>(source, columnsOfBoth, { table })) ?? [];
  if (columns.length === 0) return 0;
  const hasRowid = !/\bWITHOUT ROWID\s*$/i.test(sql);
  const primary = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const keys = hasRowid ? ['rowid'] : primary.map((column) => name(column.name));
  const key = keys.join();
  const list = [...(hasRowid ? keys : []), ...columns.map((column) => name(column.name))].join();
  const from = `FROM main.${name(table)} ${hasRowid ? 'NOT INDEXED' : ''} WHERE (${key}) > (${keys.map(() => '?').join()}) ORDER BY ${key} LIMIT ?`;
  // A row that breaks a constraint, as damage can leave it, is left out.
  const copy = source.prepare(`INSERT OR IGNORE INTO target.${name(table)} (${list}) SELECT ${list} ${from}`);
  const read = source.prepare(`SELECT ${key} ${from}`, { returnArrays: true });
  let copied = 0;
  /** Copies rows after a key. Returns the last one; null: there are none; undefined: they can't be read. */
  const copyAfter = (after: Key, limit: number): Key | null | undefined =>
    unlessDamaged(() => {
      copied += copy.run(...after, limit).changes;
      return (read.all(...after, limit) as unknown as Key[]).at(-1) ?? null;
    });
  let next: Key = keys.map(() => -1);
  let limit = ROWS;
  for (;;) {
    const end = copyAfter(next, limit);
    if (end === null) return copied;
    if (end !== undefined) next = end;
    // The readable rows before the damage, one by one.
    else if (limit > 1) limit = 1;
    else {
      const readable = keyBeforeReadable(next, (after) => copyAfter(after, 1) !== undefined);
      if (readable === undefined) return copied;
      next = readable;
      limit = ROWS;
    }
  }
}

/** A key after `damaged` from which on rows can be read: with the same first columns where there is one. */
function keyBeforeReadable(damaged: Key, canReadAfter: (key: Key) => boolean): Key | undefined {
  for (let i = damaged.length - 1; i >= 0; i--) {
    // Whatever the later columns are.
    const after = (value: number) =>
      damaged.map((column, j) => (j < i ? column : j === i ? value : Number.MAX_SAFE_INTEGER));
    const readable = firstReadable(damaged[i]!, (value) => canReadAfter(after(value)));
    if (readable !== undefined) return after(readable);
  }
  return undefined;
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

function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}
