/** The desired configuration of a fleet: three scopes, and what they come to for one sensor (docs/protocol.md). */
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
/** Whom a change is for: one host, one region, or (empty) the whole fleet. */
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
  /** The newest version that sensors were seen to have, from whom has seen them. */
  seen: version.optional(),
  /** Confirms that what a proxy has lost is given up. */
  replace: z.boolean().default(false),
});
export type Patch = z.output<typeof patchSchema>;

const versioned = sensorConfigSchema.extend({
  version,
  /** The version with which each field was last set or unset, so that changes made at different proxies can be joined. */
  changed: z.partialRecord(sensorConfigSchema.keyof(), version).optional(),
});
/** What one scope asks for. */
export type ScopeConfig = z.output<typeof versioned>;
export const desiredStateSchema = z.object({
  version,
  fleet: versioned,
  regions: z.record(name, versioned),
  hosts: z.record(name, versioned),
  /** A newer version that sensors have and this proxy does not: it lost its state. */
  lost: version.optional(),
});
/** `version` is the newest of all scopes; 0 = nothing was ever set. */
export type DesiredState = z.output<typeof desiredStateSchema>;

export const nothingDesired = (): DesiredState => ({
  version: 0,
  fleet: { version: 0 },
  regions: {},
  hosts: {},
});

/** Names are anybody's: `constructor` is one, too. */
const named = (scopes: Record<string, ScopeConfig>, key: string): ScopeConfig | undefined =>
  Object.hasOwn(scopes, key) ? scopes[key] : undefined;

/** What a scope has; undefined when it was never set. */
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
    if (!scope) continue;
    const { changed: _, ...values } = scope;
    Object.assign(effective, values, { version: Math.max(effective.version, scope.version) });
  }
  return effective;
}

/** Of two states the newest value of each field in every scope; the first state's where they are as new. */
export function newestOf(first: DesiredState, second: DesiredState): DesiredState {
  const join = (a: DesiredState['hosts'], b: DesiredState['hosts']) => ({
    ...a,
    ...Object.fromEntries(Object.entries(b).map(([key, config]) => [key, newestFields(named(a, key), config)])),
  });
  const fleet = newestFields(first.fleet, second.fleet);
  const regions = join(first.regions, second.regions);
  const hosts = join(first.hosts, second.hosts);
  const scopes = [fleet, ...Object.values(regions), ...Object.values(hosts)];
  return {
    version: Math.max(first.version, second.version, ...scopes.map((scope) => scope.version)),
    fleet,
    regions,
    hosts,
  };
}

/** Has a version of its own where it is neither of them: sensors have the newer one already, and would not take it. */
function newestFields(a: ScopeConfig | undefined, b: ScopeConfig): ScopeConfig {
  if (!a) return b;
  const fromB = SENSOR_CONFIG_FIELDS.filter((field) => changedAt(b, field) > changedAt(a, field));
  const fromA = SENSOR_CONFIG_FIELDS.filter((field) => changedAt(a, field) > changedAt(b, field));
  if (fromB.length === 0) return a.version >= b.version ? a : { ...a, version: b.version };
  if (fromA.length === 0) return b.version >= a.version ? b : { ...b, version: a.version };
  const joined: ScopeConfig = { ...a, version: Math.max(a.version, b.version) + 1 };
  for (const field of fromB) {
    delete joined[field];
    if (b[field] !== undefined) Object.assign(joined, { [field]: b[field] });
  }
  const newest = (field: SensorConfigField) => Math.max(changedAt(a, field), changedAt(b, field));
  const changed = SENSOR_CONFIG_FIELDS.map((field) => [field, newest(field)] as const).filter(([, at]) => at > 0);
  return { ...joined, changed: Object.fromEntries(changed) };
}

const changedAt = (scope: ScopeConfig, field: SensorConfigField): number =>
  scope.changed?.[field] ?? (scope[field] === undefined ? 0 : scope.version);

/** Fields whose value the fleet configuration decides in at least one of these regions, whatever sensors are started with. */
export function decidedFields(state: DesiredState, regions: string[]): SensorConfigField[] {
  return SENSOR_CONFIG_FIELDS.filter((field) =>
    regions.some((region) => effectiveConfig(state, region, '')[field] !== undefined),
  );
}

/** Those of these hosts that decide some of the fields for themselves, with the fields. */
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

/** Whether a scope has this sensor in it. */
export function inScope(scope: Scope, sensor: { region: string; hostname: string }): boolean {
  if ('hostname' in scope) return sensor.hostname === scope.hostname;
  return !('region' in scope) || sensor.region === scope.region;
}

/** What a sensor's newest reading shows, and what it reports about itself. */
export interface SeenConfig {
  color: string;
  icon: string;
  reported: ReportedConfig | undefined;
}

/**
 * Whether a sensor shows these values, and has them from this source. Random values can't be told apart.
 * A sensor that reports nothing shows nothing.
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
