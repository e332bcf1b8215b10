/**
 * What a statement of others may name. The role it runs as can only read, and the transaction, too; but functions that everybody
 * may call have effects of their own: they sleep, take locks, write large objects, change settings, or ask other servers. So only
 * functions of a list are called. SQL is read here only as far as words, texts and comments go.
 */
import { AppError } from '../../lib/errors/app-error.js';

const words = (text: string) => new Set(text.trim().split(/\s+/));

const FUNCTIONS = words(`
  any_value array_agg avg bit_and bit_or bool_and bool_or corr count covar_pop covar_samp every json_agg json_object_agg
  jsonb_agg jsonb_object_agg max min mode percentile_cont percentile_disc regr_avgx regr_avgy regr_count regr_intercept
  regr_r2 regr_slope stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance
  cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number

  abs acos asin atan atan2 cbrt ceil ceiling cos degrees div exp floor greatest least ln log log10 mod pi power radians random
  round sign sin sqrt tan trunc width_bucket

  ascii btrim chr coalesce concat concat_ws encode decode format initcap left length lower ltrim md5 nullif octet_length
  char_length position regexp_match regexp_replace replace reverse right rtrim split_part starts_with strpos substr substring
  translate trim upper to_char to_number overlay

  age clock_timestamp date date_bin date_part date_trunc extract isfinite justify_hours make_date make_interval make_time
  make_timestamp make_timestamptz now timezone to_date to_timestamp

  array_length array_position array_to_string cardinality generate_series string_to_array unnest
  json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text
  json_extract_path json_extract_path_text json_object_keys json_typeof row_to_json to_json to_jsonb jsonb_array_elements
  jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
  jsonb_extract_path jsonb_extract_path_text jsonb_object_keys jsonb_pretty jsonb_typeof pg_typeof
`);

/** Words before a parenthesis that call nothing: of the language, and types. */
const KEYWORDS = words(`
  all and any array as between by case cast cross cube distinct else except exists explain filter from full group grouping
  having ilike in inner intersect is join lateral left like limit materialized not offset on or order outer over partition
  rollup row select sets similar some table then to union using values when where with within
  bit char character decimal float interval numeric text time timestamp timestamptz varchar
`);
/** What stands before the name of a table of the statement's own, whose columns follow. */
const NAMING = new Set(['as', 'with', 'recursive']);

/**
 * A function of one argument is also called by `(value).name` or `table.name`, as a column is read. Of those that everybody may
 * call these do more than compute: `ts_stat`, for one, runs a text as a statement.
 */
const DENIED =
  /^_?(?:pg|lo|txid|binary_upgrade)_(?!typeof$)|_to_xml|^(?:nextval|currval|setval|setseed|set_config|current_setting|ts_stat|ts_rewrite|amvalidate|plpgsql_validator|brin_summarize_new_values|gin_clean_pending_list)$/;

/** Operators of these types may take for ever, and the server does not look at its time limit meanwhile. */
const ENDLESS = words('path polygon box lseg circle line _path _polygon _box _lseg _circle _line');

/** A comment, a text, a quoted name, a name, or any other character. */
const TOKEN = /--[^\n]*|\/\*|'(?:[^']|'')*'|"((?:[^"]|"")*)"|([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|\d+|\S/g;
/**
 * What could be a text here and not for PostgreSQL, or the other way round: control characters, at some of which its lines end;
 * dollars and backslashes outside of texts; what stands directly before a text, as in `E'…'`; a quote without its end.
 */
const CONTROLS = /[^\P{Cc}\t\n]/u;
const PREFIX = /[\w&\u0080-\uffff]/;

const HINT =
  'A statement reads tables and views, such as SELECT, WITH, VALUES and EXPLAIN do. `wasm-sensors query --schema` shows them.';
const PLAIN = 'Write texts in \'…\' and names in "…", with the quote doubled inside.';
export const badSql = (message: string, hint = HINT) => new AppError('BAD_SQL', message, { hint });

/** Returns the statement as it can be given to the server. Throws `BAD_SQL`. */
export function checkStatement(given: string): string {
  const sql = given.replaceAll('\r\n', '\n');
  if (CONTROLS.test(sql)) throw badSql('there is a control character in it', PLAIN);
  let before = '';
  let name = '';
  let count = 0;
  let hasEnded = false;
  for (const { 0: token, 1: quoted, 2: word, index = 0 } of tokensOf(sql)) {
    if (hasEnded && token !== ';') throw badSql('there is more than one statement', 'Give them one by one.');
    if (token === ';') hasEnded = true;
    else count++;
    if (/^[$\\'"]$/.test(token)) throw badSql(`${token} stands where no text begins and ends`, PLAIN);
    if (/^['"]/.test(token) && PREFIX.test(sql.charAt(index - 1))) {
      throw badSql(`a space is missing before ${token}, or it has escapes, which are not taken`, PLAIN);
    }
    if (token === '(' && name !== '' && !NAMING.has(before)) refuseCall(name);
    if (token !== '(' || name !== '') before = name;
    name = (word ?? quoted?.replaceAll('""', '"') ?? '').toLowerCase();
    if (DENIED.test(name) || ENDLESS.has(name)) throw badSql(`${name} is not for statements`);
  }
  if (count === 0) throw badSql('there is no statement');
  return sql;
}

function refuseCall(name: string): void {
  if (FUNCTIONS.has(name) || KEYWORDS.has(name)) return;
  // SQLite's.
  const hint = name === 'json_extract' ? "Write cast(measured_values ->> 'temperature' as float)." : undefined;
  throw badSql(`the function ${name} is not for statements`, hint);
}

/** Without comments, which nest. */
function* tokensOf(sql: string): Iterable<RegExpMatchArray> {
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(sql); match; match = TOKEN.exec(sql)) {
    if (match[0] === '/*') TOKEN.lastIndex = endOfComment(sql, match.index);
    else if (!match[0].startsWith('--')) yield match;
  }
}

function endOfComment(sql: string, start: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let depth = 0;
  for (let match = mark.exec(sql); match; match = mark.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  throw badSql('a comment has no end');
}
