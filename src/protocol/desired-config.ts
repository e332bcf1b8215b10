/** The desired configuration of a fleet: its three scopes, and their sum for one sensor (docs/protocol.md). */
import { z } from 'zod';
import {
  type ConfigSource,
  ICONS,
  MAX_VERSION,
  type ReportedConfig,
  SENSOR_CONFIG_FIELDS,
  type SensorConfig,
  type SensorConfigField,
  sensorConfigSchema,
  type VersionedConfig,
} from './sensor-config.js';

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

const version = z.int().min(0).max(MAX_VERSION);
export const patchSchema = z.strictObject({
  scope: scopeSchema.default({}),
  set: sensorConfigSchema.default({}),
  unset: z.array(sensorConfigSchema.keyof()).default([]),
  /** The newest version that sensors report, as far as the caller knows. */
  seen: version.optional(),
  /** Confirms that values which the proxy has lost are given up. */
  replace: z.boolean().default(false),
});
export type Patch = z.output<typeof patchSchema>;

const versioned = sensorConfigSchema
  .extend({
    version,
    /** Written by proxies before 0.2, which merged changes by it. */
    changed: z.unknown().optional(),
  })
  .transform(({ changed: _, ...config }) => config);
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

/** Any name is allowed, also `constructor`. */
const named = (scopes: Record<string, ScopeConfig>, key: string): ScopeConfig | undefined =>
  Object.hasOwn(scopes, key) ? scopes[key] : undefined;

/** The configuration of a scope; undefined when it was never set. */
export function configOf(state: DesiredState, scope: Scope): ScopeConfig | undefined {
  if ('hostname' in scope) return named(state.hosts, scope.hostname);
  if ('region' in scope) return named(state.regions, scope.region);
  return state.fleet;
}

/** What a sensor should do: host over region over fleet; its version is the newest of the three. */
export function effectiveConfig(
  { fleet, regions, hosts }: DesiredState,
  region: string,
  hostname: string,
): VersionedConfig {
  const effective: VersionedConfig = { version: 0 };
  for (const scope of [fleet, named(regions, region), named(hosts, hostname)]) {
    Object.assign(effective, scope, { version: Math.max(effective.version, scope?.version ?? 0) });
  }
  return effective;
}

/** The scope that decides a value of a sensor: the narrowest one that sets it. Undefined where none does. */
export function decidingScope(
  state: DesiredState,
  field: SensorConfigField,
  { region, hostname }: { region: string; hostname: string },
): Scope | undefined {
  const scopes: Scope[] = [{ hostname }, { region }, {}];
  return scopes.find((scope) => configOf(state, scope)?.[field] !== undefined);
}

/** Fields that the fleet configuration sets in at least one of these regions: there, flags of `deploy` have no effect. */
export function decidedFields(state: DesiredState, regions: string[]): SensorConfigField[] {
  return SENSOR_CONFIG_FIELDS.filter((field) =>
    regions.some((region) => effectiveConfig(state, region, '')[field] !== undefined),
  );
}

/** Of these hosts, those for which some of the fields are set, with these fields. */
export function decidingHosts(
  state: DesiredState,
  hosts: string[],
  fields: SensorConfigField[],
): { hostname: string; fields: SensorConfigField[] }[] {
  return hosts
    .map((hostname) => ({
      hostname,
      fields: fields.filter((field) => named(state.hosts, hostname)?.[field] !== undefined),
    }))
    .filter((host) => host.fields.length > 0);
}

/** Whether a sensor belongs to a scope. */
export function inScope(scope: Scope, sensor: { region: string; hostname: string }): boolean {
  if ('hostname' in scope) return sensor.hostname === scope.hostname;
  return !('region' in scope) || sensor.region === scope.region;
}

/** A sensor's newest reading, and its report about itself. */
export interface SeenConfig {
  /** `#RRGGBB`, in any case. */
  color: string;
  icon: string;
  reported: ReportedConfig | undefined;
}

/**
 * Whether a sensor shows these values, and has them from this source. A random value can't be checked. A sensor that
 * reports nothing shows nothing.
 */
export function shows(
  desired: SensorConfig,
  { color, icon, reported }: SeenConfig,
  source: ConfigSource = 'fleet',
): boolean {
  const fields = SENSOR_CONFIG_FIELDS.filter((field) => desired[field] !== undefined);
  if (fields.length === 0) return true;
  if (!reported || fields.some((field) => reported.sources[field] !== source)) return false;
  if (desired.color !== undefined && desired.color !== 'random' && color.toLowerCase() !== desired.color) return false;
  if (desired.emoji !== undefined && desired.emoji >= 0 && icon !== ICONS[desired.emoji]) return false;
  if (desired.interval !== undefined && reported.intervalMs !== Math.round(desired.interval * 1000)) return false;
  return desired.paused === undefined || reported.paused === desired.paused;
}

/** For people: `fleet`, `region eu`, `host edge-us-1`. */
export function scopeText(scope: Scope): string {
  if ('hostname' in scope) return `host ${scope.hostname}`;
  return 'region' in scope ? `region ${scope.region}` : 'fleet';
}
