/** `.env` files, read by dotenv, which silently skips lines that it does not understand: here they are refused. */
import { parse } from 'dotenv';
import { AppError } from '../lib/errors/app-error.js';

/** `file`: its name, for messages. Throws `BAD_ENV_FILE` naming the line; never its text, which may be a secret. */
export function parseEnvFile(text: string, file: string): Record<string, string> {
  const values = parse(text);
  const multiline = Object.values(values).filter((value) => value.includes('\n'));
  const bad = text.split(/\r\n?|\n/).findIndex((line) => !isUnderstood(line, multiline));
  if (bad >= 0) {
    throw new AppError('BAD_ENV_FILE', `${file}: line ${bad + 1} is not NAME=value`, {
      hint: 'Fix the line, or put a # before it. A value of several lines needs quotes.',
    });
  }
  return values;
}

/** Whether a line is blank, a comment, an assignment, or part of a quoted value of several lines. */
function isUnderstood(line: string, multiline: string[]): boolean {
  if (line.includes('\0')) return false;
  if (/^\s*(#|$)/.test(line) || Object.keys(parse(line)).length > 0) return true;
  const beforeQuote = line.replace(/["'`]\s*(#.*)?$/, '');
  // In double quotes dotenv expands `\n`.
  const expanded = beforeQuote.replaceAll('\\n', '\n').replaceAll('\\r', '\r');
  return multiline.some((value) => value.includes(beforeQuote) || value.includes(expanded));
}
