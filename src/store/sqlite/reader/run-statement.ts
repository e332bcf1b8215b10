/** Runs a statement of an operator on the store, and gives its answer line by line. */
import { AppError, messageOf } from '../../../lib/errors/app-error.js';
import { type Database, resultCodeOf } from '../../../lib/sqlite/driver.js';
import { type AnswerLine, type Cell, type Limits, uniqueNames } from '../../answer.js';
import { badSql, checkIsOne, tooLarge } from './statement-guard.js';

/** Throws `BAD_SQL`, or in the middle of an answer also `QUERY_TOO_LARGE` or `READ_FAILED`. */
export function* runStatement(
  database: Database,
  sql: string,
  { rows: maxRows, bytes: maxBytes }: Limits = { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
): Iterable<AnswerLine> {
  let rows = 0;
  let bytes = 0;
  try {
    const statement = database.prepare(sql, { returnArrays: true, readBigInts: true });
    checkIsOne(sql);
    const columns = uniqueNames(statement.columns().map(({ name }) => name));
    // `vacuum` and the like, for which SQLite does not ask the guard.
    if (columns.length === 0) throw badSql('the statement gives no rows, so it is none that reads');
    yield { columns };
    for (const row of statement.iterate() as Iterable<unknown[]>) {
      const cut = rows >= maxRows ? 'rows' : bytes >= maxBytes ? 'bytes' : undefined;
      if (cut) return yield { end: { rows, cut } };
      const cells = row.map(cellOf);
      for (const cell of cells) bytes += typeof cell === 'string' ? cell.length : 8;
      rows++;
      yield cells;
    }
  } catch (error) {
    throw error instanceof AppError ? error : failureOf(error);
  }
  yield { end: { rows } };
}

/** What SQLite says of all that is no reading. */
const NOT_READING = 'not authorized';
/** SQLITE_ERROR, READONLY, MISMATCH and AUTH. */
const FAULT_OF_STATEMENT = new Set([1, 8, 20, 23]);
/** SQLITE_NOMEM and TOOBIG. */
const TOO_LARGE = new Set([7, 18]);

function failureOf(error: unknown): AppError {
  if (messageOf(error) === NOT_READING) return badSql('the store can only be read');
  const code = resultCodeOf(error) ?? 0;
  const message = `SQLite: ${messageOf(error)}`;
  if (FAULT_OF_STATEMENT.has(code)) return badSql(message);
  return TOO_LARGE.has(code) ? tooLarge(message) : new AppError('READ_FAILED', message, { cause: error });
}

/** JSON has no bytes, and its numbers are those of JavaScript for most who read it. */
function cellOf(value: unknown): Cell {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value !== 'bigint') return value as Cell;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
