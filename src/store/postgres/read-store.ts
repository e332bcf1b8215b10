/** Answers statements of others and exports from PostgreSQL, line by line; it runs in the process of the reader. */
import type pg from 'pg';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { type AnswerLine, type Cell, type Limits, type ReadRequest, SCHEMA_SQL, uniqueNames } from '../answer.js';
import { connectionOf, storeError } from './connection.js';
import { exportReadings } from './export-readings.js';
import { connect, connectReader, READABLE } from './reader-role.js';
import { badSql, checkStatement } from './statement-guard.js';

const AT_ONCE = 500;
/** Of each part of an answer. Whoever asks ends it earlier. */
const STATEMENT_MS = 30_000;

/**
 * The guard reads texts as this setting has them. Sorting and hashing beyond this memory go to the server's disk; only what a
 * statement puts into one value (`string_agg`, `json_agg`) may take more.
 */
const OPTIONS = `-c search_path=wasm_sensors -c standard_conforming_strings=on
  -c work_mem=32MB -c hash_mem_multiplier=1 -c max_parallel_workers_per_gather=0`.replaceAll('\n', ' ');

/** What `query --schema` shows. */
const TABLES = `
select 'create table ' || table_name || ' (' || string_agg(chr(10) || '  ' || column_name || ' ' || data_type, ',' order by ordinal_position)
  || chr(10) || ')' as sql
from information_schema.columns where table_schema = 'wasm_sensors' and table_name in (${READABLE.map((name) => `'${name}'`).join(', ')})
group by table_name order by table_name`;

/** An undefined line says that it goes on. */
export async function* readPostgres(given: ReadRequest): AsyncIterable<AnswerLine | undefined> {
  const { path: location } = given;
  const isStatement = 'sql' in given;
  const request = isStatement ? { ...given, sql: statementOf(given) } : given;
  const config = {
    ...connectionOf(location, isStatement ? 'wasm-sensors query' : 'wasm-sensors export'),
    options: OPTIONS,
    statement_timeout: STATEMENT_MS,
    types: { getTypeParser: parserOf },
  };
  const client = await (isStatement ? connectReader(location, config) : connect(config));
  try {
    // Where the server can, it stops for a client that is gone.
    await client.query(
      "select set_config('client_connection_check_interval', '1s', false) where current_setting('server_version_num')::int >= 140000",
    );
    await client.query('begin transaction isolation level repeatable read, read only');
    if ('sql' in request) yield* runStatement(client, request.sql, request.limits);
    else yield* exportReadings(client, request.readings);
  } catch (error) {
    throw isStatement ? failureOf(error) : storeError(error, { location });
  } finally {
    // Whatever the statement has left ends with its connection.
    await client.end().catch(() => {});
  }
}

/** Throws `BAD_SQL`. */
const statementOf = ({ sql }: { sql: string }) => (sql === SCHEMA_SQL ? TABLES : checkStatement(sql));

async function* runStatement(
  client: pg.Client,
  sql: string,
  { rows: maxRows, bytes: maxBytes }: Limits = { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
): AsyncIterable<AnswerLine> {
  const isExplain = /^\s*explain\b/i.test(sql);
  // The extended protocol takes one statement, and a cursor only one that reads.
  const run = (text: string) =>
    client.query<Cell[]>({ text, rowMode: 'array', queryMode: 'extended' } as pg.QueryArrayConfig);
  if (!isExplain) await run(`declare answer no scroll cursor for ${sql.replace(/[\s;]+$/, '')}`);
  let rows = 0;
  let bytes = 0;
  for (let isFirst = true; ; isFirst = false) {
    const page = await run(isExplain ? sql : `fetch ${AT_ONCE} from answer`);
    if (isFirst) {
      if (page.fields.length === 0) throw badSql('the statement gives no rows, so it is none that reads');
      yield { columns: uniqueNames(page.fields.map(({ name }) => name)) };
    }
    for (const row of page.rows) {
      const cut = rows >= maxRows ? 'rows' : bytes >= maxBytes ? 'bytes' : undefined;
      if (cut) return yield { end: { rows, cut } };
      for (const cell of row) bytes += typeof cell === 'string' ? cell.length : 8;
      rows++;
      yield row;
    }
    if (isExplain || page.rows.length < AT_ONCE) break;
  }
  yield { end: { rows } };
}

/** By the numbers of their types: JSON has no bytes, and its numbers are those of JavaScript for most who read it. */
const PARSERS: Record<number, (text: string) => Cell> = {
  16: (text) => text === 't',
  17: (text) => text.replace(/^\\x/, ''),
  114: (text) => JSON.parse(text) as Cell,
  3802: (text) => JSON.parse(text) as Cell,
};
for (const oid of [20, 21, 23, 700, 701, 1700]) PARSERS[oid] = numberOf;
const parserOf = (oid: number) => PARSERS[oid] ?? ((text: string) => text);

function numberOf(text: string): Cell {
  const number = Number(text);
  return Number.isFinite(number) && (Number.isSafeInteger(number) || !/^-?\d+$/.test(text)) ? number : text;
}

const tooLong = () =>
  new AppError('QUERY_TOO_LONG', `the statement ran longer than ${STATEMENT_MS / 1_000} s`, {
    hint: 'Ask about less time.',
  });

function failureOf(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code = '' } = error as { code?: string };
  const message = `PostgreSQL: ${messageOf(error)}`;
  if (code === '57014') return tooLong();
  if (code === '42501' || code === '25006') return badSql('the store can only be read');
  if (/^(42|22|0A|25|2F|34)/.test(code)) return badSql(message);
  if (/^5[34]/.test(code))
    return new AppError('QUERY_TOO_LARGE', message, { hint: 'Ask about less time, or for fewer values.' });
  return new AppError('READ_FAILED', message, { cause: error });
}
