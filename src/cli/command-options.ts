/** Options that several commands share, and how their values are read. */
import { Option } from 'commander';
import { url } from '../config/setting-schemas.js';
import { AppError } from '../lib/errors/app-error.js';
import { hostEntry } from '../lib/net/host-list.js';
import { parseDuration, parseTime } from '../lib/time/time-text.js';
import type { Scope } from '../protocol/desired-config.js';
import { PROFILES } from '../protocol/profiles.js';
import {
  type DesiredConfig,
  type DesiredField,
  findField,
  SENSOR_CONFIG_FIELDS,
  type SensorConfig,
  type SensorConfigField,
  sensorConfigSchema,
} from '../protocol/sensor-config.js';
import { type DesiredSettings, isSettingName, type SettingValue, settingField } from '../protocol/sensor-settings.js';

/** As commander gives them. */
export type OptionValues = Record<string, unknown>;

/** The desired behaviour of sensors. */
export const sensorOptions = (): Option[] => [
  new Option('--interval <seconds>', 'time between readings (default: 5)'),
  new Option(
    '--color [color]',
    'colour such as #00ff88 or tomato, or random; without a value: random (default: random)',
  ),
  new Option('--emoji <index>', 'index of the icon, or random (default: random)'),
  new Option('--random-off', 'give each sensor one fixed icon instead of random ones'),
];

/** Throws `BAD_OPTION` naming the flag. */
export function sensorConfigFrom(options: OptionValues): SensorConfig {
  const given: OptionValues = {
    interval: options.interval,
    color: options.color === true ? 'random' : options.color,
    emoji: options.emoji,
    random_off: options.randomOff,
    paused: options.paused,
  };
  for (const key of Object.keys(given)) if (given[key] === undefined) delete given[key];
  const parsed = sensorConfigSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const field = String(path[0]);
  throw new AppError('BAD_OPTION', `--${field.replace('_', '-')}: ${JSON.stringify(given[field])} ${message}`);
}

export const takeOverOption = (): Option =>
  new Option('--take-over', 'also replace or stop jobs that were submitted from another state folder');

/** What only the publisher takes. */
export const publisherOptions = (): Option[] => [
  ...sensorOptions(),
  new Option('--profile <name>', 'what the sensors measure (default: none)').choices(PROFILES).conflicts('module'),
  new Option('--anomalies <share>', 'share of the time in which they measure an anomaly, such as 2%').conflicts(
    'module',
  ),
  new Option('--module <file>', "a module of your own that takes the publisher's flags, instead of the built-in one"),
  new Option('--max-messages <count>', 'stop each sensor after this many readings'),
  new Option('--config-file <path>', 'YAML file on the nodes that sensors re-read while they run'),
  allowOption(),
  takeOverOption(),
];

export const scopeOptions = (): Option[] => [
  new Option('--region <region>', 'only the sensors of this region').conflicts('host'),
  new Option('--host <hostname>', 'only the sensor of this host'),
];

export function scopeFrom(options: OptionValues): Scope {
  if (options.host !== undefined) return { hostname: String(options.host) };
  return options.region === undefined ? {} : { region: String(options.region) };
}

/** `color=#00ff88 interval=1 threshold=5`; throws `BAD_VALUE` naming the field. */
export function valuesFrom(words: string[]): DesiredConfig {
  const given: Record<string, string> = {};
  const settings: DesiredSettings = {};
  for (const word of words) {
    const [name = '', ...rest] = word.split('=');
    if (rest.length === 0)
      throw new AppError('BAD_VALUE', `${JSON.stringify(word)} is not name=value`, { hint: EXAMPLE });
    const setting = settingValue(rest.join('='));
    if (!findField(name) && isSettingName(name) && setting !== undefined) settings[settingField(name)] = setting;
    else given[fieldNamed(name)] = rest.join('=');
  }
  const parsed = sensorConfigSchema.safeParse(given);
  if (parsed.success) return { ...parsed.data, ...settings };
  const { path, message } = parsed.error.issues[0]!;
  const field = String(path[0]);
  throw new AppError('BAD_VALUE', `${field}: ${JSON.stringify(given[field])} ${message}`, { hint: EXAMPLE });
}

const EXAMPLE = "For example: `wasm-sensors config set color='#00ff88' interval=1`";

/** A number, true or false; undefined for other words. */
function settingValue(word: string): SettingValue | undefined {
  if (word === 'true' || word === 'false') return word === 'true';
  return /^-?(\d+\.?\d*|\.\d+)$/.test(word) ? Number(word) : undefined;
}

/** A field of every sensor, or a setting that a sensor of one's own may have declared. */
export const desiredFieldNamed = (name: string): DesiredField =>
  !findField(name) && isSettingName(name) ? settingField(name) : fieldNamed(name);

/** In any spelling that sensors take in their files: `random-off`, `randomOff`, `colour`. */
function fieldNamed(name: string): SensorConfigField {
  const known = findField(name);
  if (known) return known;
  const hint = `Sensors have: ${SENSOR_CONFIG_FIELDS.join(', ')}; settings that a sensor declares are numbers, true or false.`;
  throw new AppError('BAD_VALUE', `there is no setting ${JSON.stringify(name)}`, { hint });
}

/** May be given several times; its value is the list. */
export const listOption = (flag: string, description: string): Option =>
  new Option(flag, `${description}; may be given several times`).argParser(
    (value: string, before: string[] | undefined) => [...(before ?? []), value],
  );

/** Where a module may send requests beside its proxy. */
export const allowOption = (): Option =>
  listOption('--allow <host>', 'a host that it may reach beside the proxy, as HOST or HOST:PORT');

/** In the spelling of a `HostList`; throws `BAD_OPTION`. */
export const allowFrom = ({ allow = [] }: OptionValues): string[] =>
  (allow as string[]).map((text) => {
    const entry = hostEntry(text);
    if (entry !== undefined) return entry;
    throw new AppError('BAD_OPTION', `--allow: ${JSON.stringify(text)} is not HOST or HOST:PORT`, {
      hint: 'For example: --allow api.example.com, or --allow 127.0.0.1:8000',
    });
  });

export const regionsOption = () =>
  new Option('--region <region>', 'only this region; give it several times for more').argParser(
    (value: string, before: string[] | undefined) => [...(before ?? []), ...value.split(',')],
  );

export const timeoutOption = (seconds: number) =>
  new Option('--timeout <seconds>', 'how long to wait for the result').default(String(seconds));

/** Milliseconds from `--timeout`. */
export function timeoutMs(options: OptionValues): number {
  return (integerOption(options.timeout, '--timeout', 1) ?? 60) * 1000;
}

/** A whole number from an option; throws `BAD_OPTION` naming the flag. */
export function integerOption(value: unknown, flag: string, min: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= min) return number;
  throw new AppError('BAD_OPTION', `${flag}: ${JSON.stringify(value)} is not a whole number from ${min} on`);
}

/** A percentage such as `2%` or `0.5` from an option, with at most two decimals; throws `BAD_OPTION` naming the flag. */
export function percentOption(value: unknown, flag: string): number | undefined {
  if (value === undefined) return undefined;
  const [, digits] = /^(\d{1,3}(?:\.\d{1,2})?)%?$/.exec(String(value)) ?? [];
  if (digits !== undefined && Number(digits) <= 100) return Number(digits);
  throw new AppError('BAD_OPTION', `${flag}: ${JSON.stringify(value)} is not a percentage from 0 to 100`, {
    hint: `For example: ${flag} 2%`,
  });
}

/** An http(s) URL from an option, without slashes at its end; throws `BAD_OPTION` naming the flag. */
export function urlOption(value: unknown, flag: string): string | undefined {
  if (value === undefined) return undefined;
  const parsed = url.safeParse(value);
  if (parsed.success) return parsed.data;
  const problem = `${flag}: ${JSON.stringify(value)} ${parsed.error.issues[0]!.message}`;
  throw new AppError('BAD_OPTION', problem, { hint: `For example: ${flag} http://127.0.0.1:9324` });
}

/** `--since`; completes its help. */
export const sinceOption = (what: string) => new Option('--since <when>', `${what}: 30s, 5m, 2h, or an ISO 8601 time`);

export const untilOption = (what: string) =>
  new Option('--until <when>', `${what}: a duration ago, such as 5m, or an ISO 8601 time (default: now)`);

/** Unix milliseconds of `--since`. Throws `BAD_OPTION`. */
export const sinceFrom = ({ since }: OptionValues): number | undefined => timeOption(since, '--since');

/** Unix milliseconds of a duration before now, or of an ISO time; throws `BAD_OPTION` naming the flag. */
function timeOption(value: unknown, flag: string): number | undefined {
  if (value === undefined) return undefined;
  const time = parseTime(String(value), Date.now());
  if (time !== undefined) return time;
  throw new AppError('BAD_OPTION', `${flag}: ${JSON.stringify(value)} is neither a duration nor a time`, {
    hint: 'For example: 30s, 5m, 2h, 2026-01-31T12:00:00Z.',
  });
}

/** Milliseconds of a duration from an option; throws `BAD_OPTION` naming the flag. */
export function durationOption(value: unknown, flag: string): number | undefined {
  if (value === undefined) return undefined;
  const duration = parseDuration(String(value));
  if (duration !== undefined && duration > 0) return duration;
  throw new AppError('BAD_OPTION', `${flag}: ${JSON.stringify(value)} is not a duration`, {
    hint: 'For example: 10s, 5m, 1h.',
  });
}

/** The time between `--since` (`before`: how long ago it is without it) and `--until`. Throws `BAD_OPTION`. */
export function timeRange(options: OptionValues, before: string): { since: number; until: number } {
  const until = timeOption(options.until, '--until') ?? Date.now();
  const since = timeOption(options.since ?? before, '--since')!;
  if (since < until) return { since, until };
  throw new AppError('BAD_OPTION', '--since is not before --until');
}
