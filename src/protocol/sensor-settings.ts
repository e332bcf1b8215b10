/** Settings that a custom sensor declares (docs/protocol.md, "Settings"): set by the fleet configuration. */

/** What a desired configuration calls a setting: `settings.threshold`. */
export type SettingField = `settings.${string}`;
export type SettingValue = number | boolean;

/** Desired settings, beside the fields that every sensor has. */
export type DesiredSettings = Record<SettingField, SettingValue>;

/** A sensor sees the start of an answer: so many fit. */
export const MAX_SETTINGS = 16;
const PREFIX = 'settings.';
const NAME = '[a-z][a-z0-9_]{0,31}';
const FIELD = new RegExp(`^settings\\.${NAME}$`);
const SETTING_NAME = new RegExp(`^${NAME}$`);

export const isSettingField = (field: string): field is SettingField => FIELD.test(field);
export const isSettingName = (name: string): boolean => SETTING_NAME.test(name);
export const settingField = (name: string): SettingField => `${PREFIX}${name}`;
export const settingName = (field: SettingField): string => field.slice(PREFIX.length);

export const isSettingValue = (value: unknown): value is SettingValue =>
  typeof value === 'boolean' || Number.isFinite(value);

export interface ReportedSetting {
  value: SettingValue;
  /** `refused`: the fleet configuration has a value that the setting does not take, so the one before is in force. */
  source: 'default' | 'fleet' | 'refused';
  type: 'number' | 'integer' | 'boolean';
  /** Smallest and largest value; booleans have none. */
  range?: [least: number, most: number];
}

/** By name. */
export type ReportedSettings = Record<string, ReportedSetting>;

const SOURCES = { d: 'default', n: 'fleet', r: 'refused' } as const;
const TYPES = { n: 'number', i: 'integer', b: 'boolean' } as const;
const NUMBER = '-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?';
const SETTING = new RegExp(`^(${NAME}):(?:(true|false):([dnr]):b|(${NUMBER}):([dnr]):([ni]):(${NUMBER}):(${NUMBER}))$`);

/** Parses `name:value:source:type:least:most,…`; undefined when something of it is malformed. */
export function parseReportedSettings(text: string): ReportedSettings | undefined {
  const settings: ReportedSettings = {};
  const parts = text.split(',');
  if (parts.length > MAX_SETTINGS) return undefined;
  for (const part of parts) {
    const match = SETTING.exec(part);
    if (!match) return undefined;
    const [, name = '', truth, truthSource, number, numberSource, type, least, most] = match;
    settings[name] =
      truth === undefined
        ? {
            value: Number(number),
            source: SOURCES[numberSource as keyof typeof SOURCES],
            type: TYPES[type as keyof typeof TYPES],
            range: [Number(least), Number(most)],
          }
        : { value: truth === 'true', source: SOURCES[truthSource as keyof typeof SOURCES], type: 'boolean' };
  }
  return settings;
}

/** Why a setting does not take this value; undefined when it does. */
export function findSettingProblem({ type, range }: ReportedSetting, value: SettingValue): string | undefined {
  if (type === 'boolean') return typeof value === 'boolean' ? undefined : 'must be true or false';
  const [least, most] = range!;
  const noun = type === 'integer' ? 'a whole number' : 'a number';
  if (typeof value === 'number' && value >= least && value <= most && (type === 'number' || Number.isInteger(value)))
    return undefined;
  return `must be ${noun} from ${least} to ${most}`;
}
