/// <reference path="./color-name.d.ts" />
/**
 * A sensor's configuration as desired and as reported (docs/protocol.md, "Configuration"). The CLI, the proxy and the
 * YAML file share the schema.
 */
import cssColors from 'color-name';
import { z } from 'zod';
import { MAX_AHEAD_MS } from './message.js';
import {
  type DesiredSettings,
  parseReportedSettings,
  type ReportedSettings,
  type SettingField,
} from './sensor-settings.js';

/** The icons a sensor knows; `emoji` is an index in this list (the same as in wasm/sdk/icons.ts). */
export const ICONS = [...'🚀📡🤖👽🌟🔥🌈🌊🌳🌻🦊🐳🦉🦋💎🔔'];

/** `#rrggbb` of a colour that CSS names; undefined for what is none. */
function cssColor(name: string): string | undefined {
  const rgb = Object.hasOwn(cssColors, name) ? cssColors[name] : undefined;
  return rgb && `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

const colorProblem = { error: 'must be a colour such as #00ff88 or tomato, or random' };
/** Kept as `#rrggbb`, which is all that sensors know. */
const color = z
  .union([z.string(), z.literal(-1)], colorProblem)
  .transform((value) => (value === -1 || value === '-1' ? 'random' : value.toLowerCase()))
  .transform((value) => cssColor(value) ?? value)
  .refine((value) => value === 'random' || /^#[0-9a-f]{6}$/.test(value), colorProblem);

/** Words are accepted in any case, as by sensors. */
const lowerCase = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : value);

/** Of text, only plain decimals become numbers: sensors know no others, and '' would become 0. */
const decimal = (value: unknown) =>
  typeof value === 'string' && /^-?(\d+\.?\d*|\.\d+)$/.test(value) ? Number(value) : value;

const emojiProblem = { error: `must be an index from 0 to ${ICONS.length - 1}, or random` };
const emoji = z.preprocess(
  (value) => (lowerCase(value) === 'random' ? -1 : decimal(value)),
  z
    .number(emojiProblem)
    .int(emojiProblem)
    .min(-1, emojiProblem)
    .max(ICONS.length - 1, emojiProblem),
);

const TRUTHS = { truthy: ['true', 'yes', 'on', '1'], falsy: ['false', 'no', 'off', '0'] };
const boolean = z.preprocess(
  (value) => (typeof value === 'boolean' || value === 0 || value === 1 ? String(value) : value),
  z.stringbool({ ...TRUTHS, error: 'must be true or false' }),
);

/**
 * Seconds between readings, rounded half up to milliseconds as sensors do: by their decimal digits, because
 * `0.5005 * 1000` is less than 500.5. The limits hold for the number as written.
 */
const interval = z.preprocess(
  decimal,
  z
    .number({ error: 'must be a number of seconds' })
    .min(0.05, { error: 'must be at least 0.05 seconds' })
    .max(86_400, { error: 'must be at most 86400 seconds (a day)' })
    .transform((seconds) => Math.round(Number(`${seconds}e3`)) / 1000),
);

/** Every field is optional: the next weaker source decides what is not set. Unknown fields are refused. */
export const sensorConfigSchema = z.strictObject({
  color: color.optional(),
  emoji: emoji.optional(),
  random_off: boolean.optional(),
  interval: interval.optional(),
  paused: boolean.optional(),
});

/** What every sensor has. `color` is `#rrggbb` or `random`; `emoji` -1 = random; `interval` in seconds. */
export type SensorConfig = z.output<typeof sensorConfigSchema>;
export type SensorConfigField = keyof SensorConfig;
/** Desired configuration of a scope: also what custom sensors have declared. */
export type DesiredConfig = SensorConfig & DesiredSettings;
export type DesiredField = SensorConfigField | SettingField;
/** In the order of the `src` letters of the `X-Sensor-Config` header. */
export const SENSOR_CONFIG_FIELDS = ['color', 'emoji', 'random_off', 'interval', 'paused'] as const;

/** The field of a name in any spelling that sensors accept: `random-off`, `randomOff`, `colour`. Else undefined. */
export function findField(name: string): SensorConfigField | undefined {
  return SENSOR_CONFIG_FIELDS.find((field) => plainName(field) === plainName(name));
}

const plainName = (name: string) => name.toLowerCase().replace(/[-_]/g, '').replace('colour', 'color');

/** Newest version there can be: sensors read 15 digits. */
export const MAX_VERSION = 900_000_000_000_000;

/**
 * Whether a proxy can have given out this version, which a sensor claims to have: versions are close to the time.
 * `now` in Unix milliseconds.
 */
export function isPlausibleVersion(version: number, now: number): boolean {
  return Number.isInteger(version) && version >= 0 && version <= Math.min(now + MAX_AHEAD_MS, MAX_VERSION);
}

/** A configuration with its version, as sent to a sensor. */
export type VersionedConfig = { version: number } & DesiredConfig;

/** Where a value in force comes from, weakest first. */
export type ConfigSource = 'default' | 'flag' | 'file' | 'fleet';

/** What a sensor reports about its configuration with every request. */
export interface ReportedConfig {
  /** Version of the fleet configuration it has applied; 0 = none. */
  version: number;
  sources: Record<SensorConfigField, ConfigSource>;
  /** State of its YAML file. */
  file: 'none' | 'ok' | 'bad';
  /** Milliseconds between readings. */
  intervalMs: number;
  paused: boolean;
  /** Missing where the sensor keeps no reading but the one that it sends, and has dropped none. */
  counts?: ReadingCounts;
  /** What a custom sensor has declared; missing where it has no settings. */
  settings?: ReportedSettings;
}

/** What a sensor has done with its readings since it began to count them: a restarted one begins anew. */
export interface ReadingCounts {
  /** Number of the newest one. */
  taken: number;
  /** How many made room for newer ones before the proxy had accepted them. */
  dropped: number;
  /** When the first one was taken, Unix milliseconds by the sensor's clock. */
  began: number;
}

/** The request header and the SQS message attribute that carry a {@link ReportedConfig}. */
export const SENSOR_CONFIG_HEADER = 'x-sensor-config';
export const SENSOR_CONFIG_ATTRIBUTE = 'sensor_config';

const SOURCES: Record<string, ConfigSource> = { d: 'default', a: 'flag', f: 'file', n: 'fleet' };
const HEADER = /^v=(\d{1,15});src=([dafn]{5});file=(none|ok|bad);interval=(\d{1,9});paused=([01])(?:;settings=(.+))?$/;
/** A sensor that keeps readings also counts them: each of its headers is another one. */
const COUNTS = /;taken=(\d{1,10});dropped=(\d{1,10});began=(\d{1,15})(?=;|$)/;

/** Thousands of sensors report the same, with every reading. */
const parsed = new Map<string, ReportedConfig>();
const MAX_PARSED = 1_000;
/** Longer ones, which only settings make, are parsed each time. */
const MAX_LENGTH = 256;

/** Parses the header; undefined when it is missing or malformed. Equal headers give the same object: change nothing in it. */
export function parseReportedConfig(header: string | undefined): ReportedConfig | undefined {
  if (header === undefined) return undefined;
  const known = parsed.get(header);
  if (known) return known;
  const counts = COUNTS.exec(header);
  if (counts) {
    const config = parseReportedConfig(header.replace(COUNTS, ''));
    const [taken, dropped, began] = counts.slice(1).map(Number) as [number, number, number];
    return config && { ...config, counts: { taken, dropped, began } };
  }
  const config = parse(header);
  if (config && header.length <= MAX_LENGTH) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(header, config);
  }
  return config;
}

function parse(header: string): ReportedConfig | undefined {
  const match = HEADER.exec(header);
  if (!match) return undefined;
  const letters = match[2]!;
  const settings = match[6] === undefined ? undefined : parseReportedSettings(match[6]);
  if (match[6] !== undefined && !settings) return undefined;
  return {
    version: Number(match[1]),
    sources: Object.fromEntries(
      SENSOR_CONFIG_FIELDS.map((field, i) => [field, SOURCES[letters[i]!]!]),
    ) as ReportedConfig['sources'],
    file: match[3] as ReportedConfig['file'],
    intervalMs: Number(match[4]),
    paused: match[5] === '1',
    ...(settings === undefined ? {} : { settings }),
  };
}
