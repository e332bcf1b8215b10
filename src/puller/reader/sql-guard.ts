/** Which SQL may reach the store: one statement that reads. The connection can't write either; this says why. */
import { AppError } from '../../lib/errors/app-error.js';

/** Text, quoted names and comments, in which a semicolon separates nothing. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/;
const COMMENT = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/;
const PART = new RegExp(`${QUOTED.source}|${COMMENT.source}|[\\s\\S]`, 'g');
const READS = /^(select|with|values|explain)\b/i;

const SCHEMA_HINT = '`wasm-sensors query --schema` shows the tables.';

/** Throws `BAD_SQL` unless it is one statement that begins like one that reads. */
export function checkStatement(sql: string): void {
  const parts = (sql.match(PART) ?? []).filter((part) => !/^(--|\/\*)/.test(part));
  const text = parts.join('').trim();
  if (text === '' || text === ';') throw badSql('there is no statement');
  const semicolon = parts.indexOf(';');
  if (semicolon >= 0 && /[^\s;]/.test(parts.slice(semicolon).join(''))) {
    throw badSql('there is more than one statement', 'Give them one by one.');
  }
  if (READS.test(text)) return;
  const word = /^\w+/.exec(text)?.[0] ?? text[0]!;
  throw badSql(`only statements that read are allowed, and this one begins with ${JSON.stringify(word)}`, ALLOWED);
}

const ALLOWED = 'It may begin with SELECT, WITH, VALUES or EXPLAIN. PRAGMA table_info is there as pragma_table_info.';

export const badSql = (message: string, hint = SCHEMA_HINT) => new AppError('BAD_SQL', message, { hint });
