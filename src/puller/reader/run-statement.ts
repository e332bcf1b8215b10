/** Runs a statement of an operator on the store, and gives its answer line by line. */

import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { type Database, resultCodeOf, type Statement } from '../../lib/sqlite/driver.js';
import type { AnswerLine, Cell, Limits } from './read-request.js';
import { badSql, checkStatement } from './sql-guard.js';

/** Throws `BAD_SQL`, or `READ_FAILED` in the middle of an answer. */
export function* runStatement(
  database: Database,
  sql: string,
  { rows: maxRows, bytes: maxBytes }: Limits = { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
): Iterable<AnswerLine> {
  checkStatement(sql);
  const statement = prepare(database, sql);
  const columns = unique(statement.columns().map(({ name }) => name));
  // `with … delete` and the like.
  if (columns.length === 0) throw badSql('the statement gives no rows, so it is none that reads');
  statement.setReturnArrays(true);
  yield { columns };
  let rows = 0;
  let bytes = 0;
  try {
    for (const row of statement.iterate() as Iterable<unknown[]>) {
      const cut = rows >= maxRows ? 'rows' : bytes >= maxBytes ? 'bytes' : undefined;
      if (cut) return yield { end: { rows, cut } };
      const cells = row.map(cellOf);
      for (const cell of cells) bytes += typeof cell === 'string' ? cell.length : 8;
      rows++;
      yield cells;
    }
  } catch (error) {
    throw failureOf(error);
  }
  yield { end: { rows } };
}

function prepare(database: Database, sql: string): Statement {
  try {
    return database.prepare(sql);
  } catch (error) {
    throw badSql(`SQLite: ${messageOf(error)}`);
  }
}

/** SQLITE_ERROR, READONLY, TOOBIG and MISMATCH. */
const RESULT_OF_STATEMENT = new Set([1, 8, 18, 20]);
const OUT_OF_MEMORY = 7;

function failureOf(error: unknown): AppError {
  const code = resultCodeOf(error);
  const message = `SQLite: ${messageOf(error)}`;
  // What a statement that can be prepared gets only once it runs, such as a text that is not JSON.
  if (code !== undefined && RESULT_OF_STATEMENT.has(code)) return badSql(message);
  const hint =
    code === OUT_OF_MEMORY ? 'The answer needs too much memory to sort or group. Ask about less time.' : undefined;
  return new AppError('READ_FAILED', message, { hint, cause: error });
}

/** JSON has no bytes. */
const cellOf = (value: unknown): Cell =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : (value as Cell);

/** As the keys of an object: `n`, `n:1`. */
function unique(names: string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}:${before}`;
  });
}
