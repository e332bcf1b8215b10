/** The desired configuration of a fleet: its three scopes, and their sum for one sensor (docs/protocol.md). */
import { z } from 'zod';
import {
  type ConfigSource,
  type DesiredConfig,
  type DesiredField,
  ICONS,
  MAX_VERSION,
  type ReportedConfig,
  SENSOR_CONFIG_FIELDS,
  type SensorConfigField,
  sensorConfigSchema,
  type VersionedConfig,
} from './sensor-config.js';
import { isSettingField, isSettingValue, MAX_SETTINGS, type SettingField, settingName } from './sensor-settings.js';

const name = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text !== '__proto__', { error: 'is no name' });
/** The target of a change: one host, one region, or (empty) the whole fleet. */
export const scopeSchema = z.union([
  z.strictObject({ hostname: name }),
  z.strictObject({ region: name }),
  z.strictObject({}),
]);
export type Scope = z.output<typeof scopeSchema>;

/** Accepts settings beside the members of `schema`, and still refuses all other members. */
function withSettings<T extends z.ZodObject>(schema: T) {
  return schema.catchall(z.unknown()).superRefine((config, { addIssue }) => {
    for (const [key, value] of Object.entries(config)) {
      if (key in schema.shape) continue;
      if (!isSettingField(key)) addIssue({ code: 'unrecognized_keys', keys: [key], input: config });
      else if (!isSettingValue(value))
        addIssue({ code: 'custom', path: [key], message: 'must be a number or a boolean' });
    }
  }) as unknown as z.ZodType<z.output<T> & DesiredConfig, z.input<T>>;
}

const settingFieldSchema = z.custom<SettingField>((field) => typeof field === 'string' && isSettingField(field));
/** A field that every sensor has, or a setting. */
export const desiredFieldSchema = z.union([sensorConfigSchema.keyof(), settingFieldSchema], {
  error: `must be ${SENSOR_CONFIG_FIELDS.join(', ')} or settings.<name>`,
});

const version = z.int().min(0).max(MAX_VERSION);
export const patchSchema = z.strictObject({
  scope: scopeSchema.default({}),
  set: withSettings(sensorConfigSchema).default({}),
  unset: z.array(desiredFieldSchema).default([]),
  /** The newest version that sensors report, as far as the caller knows. */
  seen: version.optional(),
  /** Confirms that values which the proxy has lost are given up. */
  replace: z.boolean().default(false),
});
export type Patch = z.output<typeof patchSchema>;

const versioned = withSettings(
  sensorConfigSchema.extend({
    version,
    /** Written by proxies before 0.2, which merged changes by it. */
    changed: z.unknown().optional(),
  }),
).transform(({ changed: _, ...config }) => config);
/** The desired configuration of one scope. */
export type ScopeConfig = z.output<typeof versioned>;
export const desiredStateSchema = z.object({
  version,
  fleet: versioned,
  regions: z.record(name, versioned),
  hosts: z.record(name, versioned),
  /** A newer version that sensors have and this proxy does not: it has lost its state. */
  lost: version.optional(),
  /** Address of the authority, where this proxy follows another one. */
  follows: z.string().optional(),
});
/** `version` is the newest of all scopes; 0 = nothing was ever set. */
export type DesiredState = z.output<typeof desiredStateSchema>;

export const nothingDesired = (): DesiredState => ({
  version: 0,
  fleet: { version: 0 },
  regions: {},
  hosts: {},
});

/** The configuration of a scope; undefined when it was never set. */
export function configOf(state: DesiredState, scope: Scope): ScopeConfig | undefined {
  if (!('hostname' in scope || 'region' in scope)) return state.fleet;
  const [scopes, name] = 'hostname' in scope ? [state.hosts, scope.hostname] : [state.regions, scope.region];
  // Any name is allowed, also `constructor`.
  return Object.hasOwn(scopes, name) ? scopes[name] : undefined;
}

/** What a sensor should do: host over region over fleet; its version is the newest of the three. */
export function effectiveConfig(state: DesiredState, region: string, hostname: string): VersionedConfig {
  const effective: VersionedConfig = { version: 0 };
  for (const scope of [{}, { region }, { hostname }]) {
    const config = configOf(state, scope);
    Object.assign(effective, config, { version: Math.max(effective.version, config?.version ?? 0) });
  }
  return effective;
}

/** The scope that decides a value of a sensor: the narrowest one that sets it. Undefined where none does. */
export function decidingScope(
  state: DesiredState,
  field: DesiredField,
  { region, hostname }: { region: string; hostname: string },
): Scope | undefined {
  const scopes: Scope[] = [{ hostname }, { region }, {}];
  return scopes.find((scope) => configOf(state, scope)?.[field] !== undefined);
}

const rankOf = (scope: Scope) => ('hostname' in scope ? 2 : 'region' in scope ? 1 : 0);

/** Whether `scope` is narrower than `other`: a host than a region, both than the fleet. */
export const isNarrower = (scope: Scope, other: Scope): boolean => rankOf(scope) > rankOf(other);

/**
 * The scopes that decide about sensors of these regions and hosts, the widest first, each with those of the fields that it
 * sets: there, flags of `deploy` have no effect.
 */
export function decidingScopes(
  state: DesiredState,
  { regions, hosts }: { regions: string[]; hosts: string[] },
  fields: SensorConfigField[],
): { scope: Scope; fields: SensorConfigField[] }[] {
  const scopes: Scope[] = [{}, ...regions.map((region) => ({ region })), ...hosts.map((hostname) => ({ hostname }))];
  return scopes
    .map((scope) => ({ scope, fields: fields.filter((field) => configOf(state, scope)?.[field] !== undefined) }))
    .filter((deciding) => deciding.fields.length > 0);
}

/** Whether a sensor belongs to a scope. */
export function inScope(scope: Scope, sensor: { region: string; hostname: string }): boolean {
  if ('hostname' in scope) return sensor.hostname === scope.hostname;
  return !('region' in scope) || sensor.region === scope.region;
}

/**
 * Whether a sensor shows these values (`color` in any case), and has them from this source. A random value can't be checked.
 * A sensor that reports nothing shows nothing.
 */
export function shows(
  desired: DesiredConfig,
  { color, icon_name, config }: { color: string; icon_name: string; config: ReportedConfig | undefined },
  source: ConfigSource = 'fleet',
): boolean {
  const fields = SENSOR_CONFIG_FIELDS.filter((field) => desired[field] !== undefined);
  if (!showsSettings(desired, config)) return false;
  if (fields.length === 0) return true;
  if (!config || fields.some((field) => config.sources[field] !== source)) return false;
  if (desired.color !== undefined && desired.color !== 'random' && color.toLowerCase() !== desired.color) return false;
  if (desired.emoji !== undefined && desired.emoji >= 0 && icon_name !== ICONS[desired.emoji]) return false;
  if (desired.interval !== undefined && config.intervalMs !== Math.round(desired.interval * 1000)) return false;
  return desired.paused === undefined || config.paused === desired.paused;
}

/** A sensor that has not declared a setting ignores it. */
function showsSettings(desired: DesiredConfig, reported: ReportedConfig | undefined): boolean {
  return settingsIn(desired).every((field) => {
    const setting = reported?.settings?.[settingName(field)];
    return setting === undefined || (setting.value === desired[field] && setting.source === 'fleet');
  });
}

export const settingsIn = (config: object): SettingField[] => Object.keys(config).filter(isSettingField);

/** What a configuration sets: the fields of every sensor in their order, then settings. */
export const fieldsIn = (config: DesiredConfig): DesiredField[] => [
  ...SENSOR_CONFIG_FIELDS.filter((field) => config[field] !== undefined),
  ...settingsIn(config),
];

/** Whether all scopes together have more settings than a sensor can be told. */
export function hasTooManySettings({ fleet, regions, hosts }: DesiredState, set: DesiredConfig = {}): boolean {
  const scopes = [fleet, ...Object.values(regions), ...Object.values(hosts), set];
  return new Set(scopes.flatMap(settingsIn)).size > MAX_SETTINGS;
}

/** For people: `fleet`, `region eu`, `host edge-us-1`. */
export function scopeText(scope: Scope): string {
  if ('hostname' in scope) return `host ${scope.hostname}`;
  return 'region' in scope ? `region ${scope.region}` : 'fleet';
}
