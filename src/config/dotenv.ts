/** `.env` files: dotenv reads them, and what it would pass over in silence is refused. */
import { parse } from 'dotenv';
import { usageError } from '../lib/errors/app-error.js';

/** An assignment as dotenv 17 takes it: quoted values may span lines. */
const ASSIGNMENT =
  /^\s*(?:export\s+)?[\w.-]+(?:\s*=\s*?|:\s+?)(?:\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm;

/** `file`: its name for people. Throws `BAD_ENV_FILE` naming the line; never its text, which may be a secret. */
export function parseEnvFile(text: string, file: string): Record<string, string> {
  const lines = text.replace(/\r\n?/g, '\n');
  // What is left when all assignments are taken out, each line still in its place.
  const rest = lines.replace(ASSIGNMENT, (taken) => (taken.includes('\0') ? taken : taken.replace(/[^\n]+/g, '')));
  const bad = rest.split('\n').findIndex((line) => !/^\s*(#|$)/.test(line));
  if (bad >= 0) {
    throw usageError(
      'BAD_ENV_FILE',
      `${file}: line ${bad + 1} is not NAME=value`,
      'Mend the line, or put a # before it. A value of several lines stands in quotes.',
    );
  }
  return parse(text);
}
