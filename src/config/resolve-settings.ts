/** Resolves every setting from its sources, strongest first, and records where each value is from. */
import { AppError } from '../lib/errors/app-error.js';
import type { PortWish } from '../lib/net/choose-port.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';
import { didYouMean } from '../lib/similar-word.js';
import { flagName, SETTING_KEYS, SETTINGS, type SettingDef, type SettingKey, type Settings } from './settings.js';

export type Source = 'flag' | 'environment' | '.env' | 'wasm-sensors.yaml' | 'default';

export interface Sources {
  /** By setting, as given on the command line. */
  flags: Partial<Record<SettingKey, unknown>>;
  /** Names of a command's flags, such as `--port`, where they differ from the table. */
  flagNames?: Partial<Record<SettingKey, string>>;
  env: Record<string, string | undefined>;
  dotenv: Record<string, string>;
  /** By flag name, such as `state-dir`. */
  file: Record<string, unknown>;
}

export interface Provenance {
  source: Source;
  /** The variable, flag or key that sets it. */
  name: string;
}

export interface Resolved {
  values: Settings;
  provenance: Record<SettingKey, Provenance>;
}

/** Throws `BAD_SETTING` with the source and the value, and `UNKNOWN_SETTING` for a key of the file that is not a setting. */
export function resolveSettings(sources: Sources): Resolved {
  const known = SETTING_KEYS.map(flagName);
  const unknown = Object.keys(sources.file).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new AppError('UNKNOWN_SETTING', `wasm-sensors.yaml: ${JSON.stringify(unknown)} is not a setting`, {
      hint: `${didYouMean(unknown, known)}The settings are: ${known.join(', ')}.`,
    });
  }
  const values: Record<string, unknown> = {};
  const provenance = {} as Record<SettingKey, Provenance>;
  for (const key of SETTING_KEYS) {
    const { value, ...from } = find(key, sources);
    const parsed = SETTINGS[key].schema.safeParse(value);
    const seen = key === 'store' && from.source === 'flag' ? passwordProblem(String(value)) : undefined;
    if (seen !== undefined) throw badSetting(key, from, value, seen);
    if (!parsed.success) throw badSetting(key, from, value, parsed.error.issues[0]?.message ?? 'is not valid');
    values[key] = parsed.data;
    provenance[key] = from;
  }
  return { values: values as Settings, provenance };
}

function find(key: SettingKey, { flags, flagNames, env, dotenv, file }: Sources): Provenance & { value: unknown } {
  const { env: variables } = SETTINGS[key];
  const flag = flagName(key);
  if (flags[key] !== undefined) return { source: 'flag', name: flagNames?.[key] ?? `--${flag}`, value: flags[key] };
  // An empty variable is not set, as in a template that was not filled in.
  for (const name of variables) if (env[name]) return { source: 'environment', name, value: env[name] };
  for (const name of variables) if (dotenv[name]) return { source: '.env', name, value: dotenv[name] };
  // Nor is a key of the file without a value.
  if (file[flag] !== undefined && file[flag] !== null)
    return { source: 'wasm-sensors.yaml', name: flag, value: file[flag] };
  return { source: 'default', name: '', value: undefined };
}

/** Of a value on the command line, which every user of this machine sees. */
export const passwordProblem = (value: string): string | undefined =>
  /:\/\/[^/?#]*:[^/?#]*@/.test(value)
    ? 'must hold no password, because others see it: put the URL into WASM_SENSORS_STORE or .env, or the password into PGPASSWORD or ~/.pgpass'
    : undefined;

function badSetting(key: SettingKey, { source, name }: Provenance, value: unknown, problem: string) {
  const { secret, description }: SettingDef = SETTINGS[key];
  let shown = '';
  try {
    if (!secret) shown = ` ${withoutSecrets(JSON.stringify(value))}`;
  } catch {
    // In YAML a list can contain itself: it has no text form.
  }
  const where = source === 'flag' ? name : `${name} (${source})`;
  return new AppError('BAD_SETTING', `${where}:${shown} ${problem}`, { hint: `${name}: ${description}.` });
}

export type PortKey = Extract<SettingKey, `${string}Port`>;

/** A port as it was asked for; `purpose` names its service in messages. */
export function portWish({ values, provenance }: Resolved, key: PortKey, purpose: string): PortWish {
  const { source, name } = provenance[key];
  const flag = source === 'flag' || source === 'default' ? SETTINGS[key].flag.split(' ')[0]! : name;
  return { port: values[key], explicit: source !== 'default', purpose, flag };
}

/** Those of these settings that were given; what is left out is at its default. */
export function givenSettings<K extends SettingKey>(
  { values, provenance }: Resolved,
  keys: readonly K[],
): Partial<Pick<Settings, K>> {
  const given = keys.filter((key) => provenance[key].source !== 'default');
  return Object.fromEntries(given.map((key) => [key, values[key]])) as Partial<Pick<Settings, K>>;
}
