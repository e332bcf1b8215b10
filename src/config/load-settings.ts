/** Reads the files that settings come from: `.env` and `wasm-sensors.yaml` of the working folder. */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { readIfExists } from '../lib/fs/durable-files.js';
import { refuseWritable } from '../lib/net/bearer-token.js';
import { didYouMean } from '../lib/similar-word.js';
import { type Resolved, resolveSettings, type Sources } from './resolve-settings.js';
import { flagName, SETTING_KEYS, SETTINGS } from './settings.js';

/**
 * Resolves all settings for a command. Variables of `.env` that AWS's own clients read are added to the environment,
 * unless they are set there.
 */
export function loadSettings(
  flags: Sources['flags'],
  folder = process.cwd(),
  flagNames: NonNullable<Sources['flagNames']> = {},
): Resolved & { unknown: string[] } {
  const dotenv = parseEnvFile(readOwnText(folder, '.env') ?? '', '.env');
  const given = { ...flags };
  const file = readYaml(folder);
  for (const key of SETTING_KEYS) {
    const name = flagName(key);
    if (!name.endsWith('-file')) continue;
    given[key] = readSecret(flags[key], flagNames[key] ?? `--${name}`, folder);
    file[name] = readSecret(file[name], `${name} (wasm-sensors.yaml)`, folder);
    if (file[name] === undefined) delete file[name];
  }
  const resolved = resolveSettings({ flags: given, flagNames, env: process.env, dotenv, file });
  for (const [name, value] of Object.entries(dotenv)) {
    if (name.startsWith('AWS_') && value !== '') process.env[name] ??= value;
  }
  return { ...resolved, unknown: [...unknownIn(process.env, 'environment'), ...unknownIn(dotenv, '.env')] };
}

const PREFIX = 'WASM_SENSORS_';
/** Of the program itself, and of the compose file. */
const NO_SETTINGS = ['COMMAND', 'CHILD_OF', 'IMAGE'];

/** What is said of variables that look like ours, and are of no use: most often they are misspelt. */
function unknownIn(variables: Record<string, string | undefined>, where: string): string[] {
  const ownOf = (names: string[]) =>
    names.flatMap((name) => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : []));
  const known = [...ownOf(SETTING_KEYS.flatMap((key) => SETTINGS[key].env)), ...NO_SETTINGS];
  return ownOf(Object.keys(variables))
    .filter((name) => !known.includes(name) && variables[PREFIX + name] !== '')
    .map((name) => `${PREFIX}${name} (${where}) sets nothing. ${didYouMean(name, known, PREFIX)}`.trimEnd());
}

/** Reads a secret from a file: flags, which `ps` shows, and the settings file hold only its path. */
function readSecret(path: unknown, where: string, folder: string): string | undefined {
  if (path === undefined || path === null) return undefined;
  const text = readText(resolve(folder, String(path)), where);
  if (text === undefined)
    throw new AppError('NO_SUCH_FILE', `${where}: there is no file ${path}`, {
      hint: 'Name a file that holds the token.',
    });
  refuseWritable(resolve(folder, String(path)));
  return text.trim();
}

/** A file of the folder. Reading a pipe or a device might never end; only a secret may come from one, such as `<(pass token)`. */
const readOwnText = (folder: string, name: string) => readText(join(folder, name), name, true);

function readText(path: string, where: string, mustBeFile = false): string | undefined {
  try {
    if (mustBeFile && statSync(path, { throwIfNoEntry: false })?.isFile() === false)
      throw new Error('it is not a regular file');
    return readIfExists(path);
  } catch (error) {
    throw new AppError('UNREADABLE_FILE', `${where}: can't read ${path}: ${messageOf(error)}`, {
      hint: 'Put a file there that this user can read, or leave it out.',
    });
  }
}

function readYaml(folder: string): Record<string, unknown> {
  const text = readOwnText(folder, 'wasm-sensors.yaml');
  if (text === undefined) return {};
  let value: unknown;
  try {
    // Loaded late: it takes 30 ms, and most folders have no such file.
    const yaml = createRequire(import.meta.url)('yaml') as typeof import('yaml');
    value = yaml.parse(text);
  } catch (error) {
    throw new AppError('BAD_YAML', `wasm-sensors.yaml: ${messageOf(error)}`, { hint: 'Fix the file, or remove it.' });
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new AppError('BAD_YAML', 'wasm-sensors.yaml must hold settings, one `name: value` per line', {
      hint: 'For example: nodes: 3',
    });
  }
  return value as Record<string, unknown>;
}

/** dotenv skips lines silently that it does not understand: here they are refused. `file`: its name, for messages. Throws `BAD_ENV_FILE` naming the line; never its text, which may be a secret. */
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
