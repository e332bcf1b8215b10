/** `.env`: made from its template, read, and never written again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { usageError } from '../../lib/errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';
import { packageRoot } from '../../lib/process/self-command.js';

/** What people write into templates for others to replace. */
const PLACEHOLDER =
  /^(.*<[a-z][\w -]*>.*|\$\{.*\}|your[-_ ].*|.*[-_]here|change[-_ ]?me|replace[-_ ]?me|todo|xxx+|\.\.\.|AKIAIOSFODNN7EXAMPLE|.*EXAMPLEKEY|.*\/123456789012\/your-.*)$/i;

export interface Environment {
  /** The variable's value, from the process or else from the file; an empty one counts as not set. */
  get(name: string): string | undefined;
  /** The file, when it was made just now. */
  made: string | undefined;
}

/**
 * Makes `.env` in the folder when there is none, and reads it. Rejects with `PLACEHOLDER`, naming variables and never
 * their values.
 */
export function openEnvironment(folder: string): Environment {
  const path = join(folder, '.env');
  const text = readIfExists(path);
  if (text === undefined) writeFileAtomic(path, readFileSync(`${packageRoot}templates/env.template`, 'utf8'), 0o600);
  const values = parse(text ?? '');
  refusePlaceholders(
    path,
    Object.keys(values).filter((name) => PLACEHOLDER.test(values[name]!)),
  );
  return {
    get: (name) => {
      const given = process.env[name];
      if (given && PLACEHOLDER.test(given)) refusePlaceholders('the environment', [name]);
      return given || values[name] || undefined;
    },
    made: text === undefined ? path : undefined,
  };
}

function refusePlaceholders(where: string, names: string[]): void {
  if (names.length === 0) return;
  throw usageError(
    'PLACEHOLDER',
    `${where}: ${names.join(', ')} still ${names.length > 1 ? 'have their' : 'has its'} placeholder`,
    'Put the real values there, or leave them empty: without a queue URL an embedded queue is used.',
  );
}
