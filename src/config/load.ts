/** Reads the files that settings come from: `.env` and `wasm-sensors.yaml` of the working folder. */
import { join } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { parse as parseYaml } from 'yaml';
import { messageOf, usageError } from '../core/errors.js';
import { readIfExists } from '../lib/files.js';
import { type Resolved, resolveSettings } from './resolve.js';
import { SETTINGS, type SettingKey } from './settings.js';

/**
 * Resolves all settings for a command. Variables of `.env` that AWS's own clients read are put into the environment,
 * where they are not set already.
 */
export function loadSettings(flags: Partial<Record<SettingKey, unknown>>, folder = process.cwd()): Resolved {
  const dotenv = parseDotenv(readIfExists(join(folder, '.env')) ?? '');
  const resolved = resolveSettings({ flags: readSecretFiles(flags), env: process.env, dotenv, file: readYaml(folder) });
  for (const [name, value] of Object.entries(dotenv)) {
    if (name.startsWith('AWS_') && value !== '') process.env[name] ??= value;
  }
  return resolved;
}

/** Secrets never stand in arguments, where `ps` shows them: their flags name files. */
function readSecretFiles(flags: Partial<Record<SettingKey, unknown>>): Partial<Record<SettingKey, unknown>> {
  const read = { ...flags };
  for (const key of Object.keys(flags) as SettingKey[]) {
    const definition = SETTINGS[key];
    if (!('secret' in definition) || flags[key] === undefined) continue;
    const text = readIfExists(String(flags[key]));
    if (text === undefined) {
      throw usageError(
        'NO_SUCH_FILE',
        `${definition.flag.split(' ')[0]}: there is no file ${flags[key]}`,
        'Name a file that holds the token.',
      );
    }
    read[key] = text.trim();
  }
  return read;
}

function readYaml(folder: string): Record<string, unknown> {
  const text = readIfExists(join(folder, 'wasm-sensors.yaml'));
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw usageError('BAD_YAML', `wasm-sensors.yaml: ${messageOf(error)}`, 'Mend the file, or remove it.');
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw usageError(
      'BAD_YAML',
      'wasm-sensors.yaml must hold settings, one `name: value` a line',
      'For example: nodes: 3',
    );
  }
  return value as Record<string, unknown>;
}
