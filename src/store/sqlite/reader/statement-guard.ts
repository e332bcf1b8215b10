/**
 * What a statement may do: a list, because what SQLite offers grows with its versions. SQLite asks while it prepares a
 * statement, for views and functions inside it, too; the connection can't write either.
 */
import { existsSync } from 'node:fs';
import { AppError } from '../../../lib/errors/app-error.js';
import { ACTIONS, type Database, openSqlite, rowsOf } from '../../../lib/sqlite/driver.js';
import { withStoreErrors } from '../store-errors.js';

/** A value of more bytes is refused before its memory is taken. Further limits are those of SQLite. */
const LIMITS = { length: 8 * 1_048_576, sqlLength: 1_000_000, attach: 0 };

const words = (text: string) => new Set(text.trim().split(/\s+/));

const FUNCTIONS = words(`
  abs char coalesce concat concat_ws format glob hex if ifnull iif instr length like likelihood likely lower ltrim max min
  nullif octet_length printf quote random randomblob replace round rtrim sign soundex sqlite_version substr substring trim
  typeof unhex unicode unistr unistr_quote unlikely upper zeroblob

  acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power radians
  sin sinh sqrt tan tanh trunc

  current_date current_time current_timestamp date datetime julianday strftime time timediff unixepoch

  avg count group_concat median percentile percentile_cont percentile_disc string_agg sum total
  cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number

  -> ->> json json_array json_array_insert json_array_length json_error_position json_extract json_group_array
  json_group_object json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type
  json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert
  jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set
`);
const PRAGMAS = words('table_info table_xinfo table_list index_list index_info index_xinfo');
const TABLES = ['sqlite_master', 'json_each', 'json_tree', ...[...PRAGMAS].map((name) => `pragma_${name}`)];

/** From now on the database answers statements that read its own tables and views, and no others. */
function allowOnlyReading(database: Database): void {
  Object.assign(database.limits, LIMITS);
  const namesIn = (sql: string) => rowsOf<{ name: string }>(database, sql).map(({ name }) => name.toLowerCase());
  // A store from elsewhere may have virtual tables; nothing but that word in their SQL makes one.
  const own = namesIn("select name from sqlite_schema where type in ('table', 'view') and sql not like '%virtual%'");
  const tables = new Set([...TABLES, ...own]);
  const modules = new Set(namesIn('select name from pragma_module_list'));

  function mayRead(table: string, column: string): boolean {
    if (tables.has(table)) return true;
    // A table that is only counted may be one of the statement's own (`with`).
    return column === '' && !modules.has(table) && !table.startsWith('pragma_');
  }

  function may(action: number, first: string, second: string): boolean {
    if (action === ACTIONS.SQLITE_SELECT || action === ACTIONS.SQLITE_RECURSIVE) return true;
    if (action === ACTIONS.SQLITE_READ) return mayRead(first, second);
    if (action === ACTIONS.SQLITE_FUNCTION) return FUNCTIONS.has(second);
    return action === ACTIONS.SQLITE_PRAGMA && PRAGMAS.has(first);
  }

  database.setAuthorizer((action, first, second) =>
    may(action, first?.toLowerCase() ?? '', second?.toLowerCase() ?? '') ? ACTIONS.SQLITE_OK : ACTIONS.SQLITE_DENY,
  );
}

/** A connection to the store that can't change it or open another file, whatever is asked. Throws `NO_STORE` or `STORE_UNUSABLE`. */
export function openForReading(path: string): Database {
  if (!existsSync(path)) throw new AppError('NO_STORE', `there is no store at ${path}`);
  return withStoreErrors(path, () => {
    const database = openSqlite(path, { readOnly: true, timeoutMs: 5_000 });
    // Nothing is written to temporary files, such as to sort. The file and its views may be from elsewhere.
    database.exec(
      'pragma query_only = on; pragma temp_store = memory; pragma trusted_schema = off; pragma cell_size_check = on',
    );
    // With its first access SQLite finds out whether it is a database.
    allowOnlyReading(database);
    return database;
  });
}

/** Text, quoted names and comments, in which a semicolon separates nothing. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/;
const COMMENT = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/;
const PART = new RegExp(`${QUOTED.source}|${COMMENT.source}|[\\s\\S]`, 'g');

/** Throws `BAD_SQL` when there is none, or when more follows, which SQLite would leave out without a word. */
export function checkIsOne(sql: string): void {
  const parts = (sql.match(PART) ?? []).filter((part) => !/^(--|\/\*)/.test(part));
  if (!/[^\s;]/.test(parts.join(''))) throw badSql('there is no statement');
  const end = parts.findIndex((part) => part === ';' || part === '\0');
  if (end >= 0 && /[^\s;]/.test(parts.slice(end).join(''))) {
    throw badSql('there is more than one statement', 'Give them one by one.');
  }
}

const HINT =
  'A statement reads tables and views, such as SELECT, WITH, VALUES and EXPLAIN do. `wasm-sensors query --schema` shows them.';

export const badSql = (message: string, hint = HINT) => new AppError('BAD_SQL', message, { hint });

export const tooLarge = (message: string) =>
  new AppError('QUERY_TOO_LARGE', message, { hint: 'Ask about less time, or for fewer or shorter values.' });
