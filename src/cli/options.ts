/** Options of commands: each says how its value is read, so that an action gets values and no text to parse. */
import { Option } from 'commander';
import type { z } from 'zod';
import { url as urlSchema } from '../config/setting-schemas.js';
import { AppError } from '../lib/errors/app-error.js';
import { hostEntry } from '../lib/net/host-list.js';
import { parseDuration, parseTime } from '../lib/time/time-text.js';
import type { Scope } from '../protocol/desired-config.js';
import { PROFILES } from '../protocol/measured-values.js';
import { type SensorConfig, sensorConfigSchema } from '../protocol/sensor-config.js';

/** Reads what stands after a flag; throws `BAD_OPTION` naming the flag. */
export type Read<T> = (text: string, flag: string) => T;

export class CommandOption<T> extends Option {
  /** From what commander has for it. */
  readonly read: (given: unknown) => T;
  #alone: string | undefined;

  constructor(flags: string, description: string, read: (given: unknown, flag: string) => T) {
    super(flags, description);
    this.read = (given) => read(given === true ? (this.#alone ?? true) : given, this.long ?? flags);
  }

  /** What the flag means where no value stands after it. */
  alone(value: string): this {
    this.#alone = value;
    return this;
  }
}

/** Of a command, by the name that its action has for the value. */
export type Options = Record<string, CommandOption<unknown>>;
export type Values<O extends Options> = { [K in keyof O]: O[K] extends CommandOption<infer T> ? T : never };

export const flag = (flags: string, description: string): CommandOption<boolean> =>
  new CommandOption(flags, description, (given) => given === true);

/** Undefined where it is not given and has no `fallback`. */
export function value<T>(flags: string, description: string, read: Read<T>, fallback: string): CommandOption<T>;
export function value<T>(flags: string, description: string, read: Read<T>): CommandOption<T | undefined>;
export function value<T>(flags: string, description: string, read: Read<T>, fallback?: string) {
  const option = new CommandOption(flags, description, (given, flag) =>
    given === undefined ? undefined : read(String(given), flag),
  );
  return fallback === undefined ? option : option.default(fallback);
}

export const mandatory = <T>(flags: string, description: string, read: Read<T>): CommandOption<T> =>
  new CommandOption(flags, description, (given, flag) => read(String(given), flag)).makeOptionMandatory();

export const text: Read<string> = (given) => given;

/** One of few words; commander refuses others. */
export const oneOf =
  <const T extends string>(words: readonly T[]): Read<T> =>
  (given, flag) =>
    words.find((word) => word === given) ?? refuse(flag, given, `is none of ${words.join(', ')}`);

export const list = (flags: string, description: string): CommandOption<string[]> =>
  new CommandOption(flags, `${description}; may be given several times`, (given) => wordsOf(given)).argParser(append);

const append = (value: string, before: string[] | undefined) => [...(before ?? []), value];
const wordsOf = (given: unknown): string[] => (Array.isArray(given) ? given.map(String) : []);

/** Throws `BAD_OPTION`. */
export function refuse(flag: string, given: string, problem: string, hint?: string): never {
  throw new AppError('BAD_OPTION', `${flag}: ${JSON.stringify(given)} ${problem}`, hint === undefined ? {} : { hint });
}

/** By a schema whose messages state what is needed. */
const bySchema =
  <T>(schema: z.ZodType<T>, hint?: (flag: string) => string): Read<T> =>
  (given, flag) => {
    const { data, error } = schema.safeParse(given);
    return error ? refuse(flag, given, error.issues[0]?.message ?? 'is not valid', hint?.(flag)) : data;
  };

/** An http(s) URL, without slashes at its end. */
export const url = bySchema(urlSchema, (flag) => `For example: ${flag} http://127.0.0.1:9324`);

export const integer =
  (min: number): Read<number> =>
  (given, flag) => {
    const number = Number(given);
    return Number.isInteger(number) && number >= min
      ? number
      : refuse(flag, given, `is not a whole number from ${min} on`);
  };

const UNITS = ['', 'K', 'M', 'G', 'T'];

/** A size such as `500MB` or `1GiB`. */
export const bytes: Read<number> = (given, flag) => {
  const [, digits, unit = '', binary] = /^(\d{1,15}(?:\.\d+)?) ?(?:([KMGT])?(i)?B)?$/.exec(given) ?? [];
  return digits === undefined
    ? refuse(flag, given, 'is not a size', `For example: ${flag} 500MB, or ${flag} 1GiB.`)
    : Math.round(Number(digits) * (binary ? 1024 : 1000) ** UNITS.indexOf(unit));
};

/** A percentage such as `2%` or `0.5`, with at most two decimals. */
const percent: Read<number> = (given, flag) => {
  const [, digits] = /^(\d{1,3}(?:\.\d{1,2})?)%?$/.exec(given) ?? [];
  return digits !== undefined && Number(digits) <= 100
    ? Number(digits)
    : refuse(flag, given, 'is not a percentage from 0 to 100', `For example: ${flag} 2%`);
};

/** Milliseconds of a duration. */
export const duration: Read<number> = (given, flag) =>
  parseDuration(given) || refuse(flag, given, 'is not a duration', 'For example: 10s, 5m, 1h.');

/** Unix milliseconds of a duration before now, or of an ISO time. */
const time: Read<number> = (given, flag) =>
  parseTime(given, Date.now()) ??
  refuse(flag, given, 'is neither a duration nor a time', 'For example: 30s, 5m, 2h, 2026-01-31T12:00:00Z.');

export const sensors = () => {
  const { interval, color, emoji } = sensorConfigSchema.shape;
  return {
    interval: value('--interval <seconds>', 'time between readings (default: 5)', bySchema(interval)),
    color: value(
      '--color [color]',
      'colour such as #00ff88 or tomato, or random; without a value: random (default: random)',
      bySchema(color),
    ).alone('random'),
    emoji: value('--emoji <index>', 'index of the icon, or random (default: random)', bySchema(emoji)),
    random_off: new CommandOption(
      '--random-off',
      'give each sensor one fixed icon instead of random ones',
      (given) => given === true || undefined,
    ),
  };
};

export const paused = () =>
  value('--paused [boolean]', 'whether sensors pause', bySchema(sensorConfigSchema.shape.paused)).preset('true');

export type SensorValues = Values<ReturnType<typeof sensors>> & { paused?: boolean | undefined };

export const sensorConfigFrom = ({ interval, color, emoji, random_off, paused }: SensorValues): SensorConfig => ({
  ...(interval === undefined ? {} : { interval }),
  ...(color === undefined ? {} : { color }),
  ...(emoji === undefined ? {} : { emoji }),
  ...(random_off === undefined ? {} : { random_off }),
  ...(paused === undefined ? {} : { paused }),
});

export const yes = () => flag('--yes', 'do not ask');

export const takeOver = () =>
  flag('--take-over', 'also replace or stop jobs that were submitted from another state folder');

export const publisher = () => {
  const options = {
    ...sensors(),
    profile: value('--profile <name>', 'what the sensors measure (default: none)', oneOf(PROFILES))
      .choices(PROFILES)
      .conflicts('module'),
    anomalies: value(
      '--anomalies <share>',
      'share of the time in which they measure an anomaly, such as 2%',
      percent,
    ).conflicts('module'),
    module: value(
      '--module <file>',
      "a module of your own that takes the publisher's flags, instead of the built-in one",
      text,
    ),
    maxMessages: value('--max-messages <count>', 'stop each sensor after this many readings', integer(1)),
    configFile: value('--config-file <path>', 'YAML file on the nodes that sensors re-read while they run', text),
    allow: allow(),
    takeOver: takeOver(),
  };
  for (const option of Object.values(options)) option.helpGroup('The sensors:');
  return options;
};

/** Sensors without a profile measure nothing. Throws `BAD_OPTION`. */
export function requireProfile({ profile, anomalies }: Values<ReturnType<typeof publisher>>): void {
  if (anomalies === undefined || (profile !== undefined && profile !== 'none')) return;
  throw new AppError('BAD_OPTION', '--anomalies: without --profile the sensors measure nothing', {
    hint: `Add --profile, with ${PROFILES.filter((name) => name !== 'none').join(', ')}.`,
  });
}

export const scope = () => ({
  region: value('--region <region>', 'only the sensors of this region', text).conflicts('host'),
  host: value('--host <hostname>', 'only the sensor of this host', text),
});

export function scopeFrom({ region, host }: { region: string | undefined; host: string | undefined }): Scope {
  if (host !== undefined) return { hostname: host };
  return region === undefined ? {} : { region };
}

/** Where a module may send requests beside its proxy, in the spelling of a `HostList`. */
export const allow = (): CommandOption<string[]> =>
  new CommandOption(
    '--allow <host>',
    'a host that it may reach beside the proxy, as HOST or HOST:PORT; may be given several times',
    (given, flag) =>
      wordsOf(given).map((host) => hostEntry(host) ?? refuse(flag, host, 'is not HOST or HOST:PORT', ALLOW_EXAMPLE)),
  ).argParser(append);
const ALLOW_EXAMPLE = 'For example: --allow api.example.com, or --allow 127.0.0.1:8000';

/** Undefined: all regions. */
export const regions = (): CommandOption<string[] | undefined> =>
  new CommandOption('--region <region>', 'only this region; give it several times for more', (given) =>
    given === undefined ? undefined : wordsOf(given).flatMap((words) => words.split(',')),
  ).argParser(append);

export const relayRegion = () => mandatory('--region <region>', 'whose sensors send to it', text);

/** Milliseconds of whole seconds. */
export const seconds: Read<number> = (given, flag) => integer(1)(given, flag) * 1000;

export const timeout = (usual: number): CommandOption<number> =>
  value('--timeout <seconds>', 'how long to wait for the result', seconds, String(usual));

/** `--since`; completes its help. */
export const since = (what: string) => value('--since <when>', `${what}: 30s, 5m, 2h, or an ISO 8601 time`, time);

export const until = (what: string, otherwise = 'now') =>
  value('--until <when>', `${what}: a duration ago, such as 5m, or an ISO 8601 time (default: ${otherwise})`, time);

/** The time between `--since` (`before`: how many milliseconds ago it is without it) and `--until`. Throws `BAD_OPTION`. */
export function timeRange(given: { since: number | undefined; until: number | undefined }, before: number) {
  const until = given.until ?? Date.now();
  const since = given.since ?? Date.now() - before;
  if (since < until) return { since, until };
  throw new AppError('BAD_OPTION', '--since is not before --until');
}

export const commaList: Read<string[]> = (given, flag) => {
  const names = given.split(',').flatMap((word) => word.trim() || []);
  return names.length > 0 ? names : refuse(flag, given, 'is no list of names', `For example: ${flag} one,two`);
};

export const metrics = (otherwise = '') =>
  value('--fields <names>', `of the measured values only these, such as temperature,humidity${otherwise}`, commaList);
