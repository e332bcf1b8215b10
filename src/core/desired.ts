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

const name = z.string().min(1).max(200);
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

const versioned = sensorConfigSchema.extend({ version });
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

/** What a scope has; undefined when it was never set. */
export function configOf(state: DesiredState, scope: Scope): VersionedConfig | undefined {
  if ('hostname' in scope) return state.hosts[scope.hostname];
  if ('region' in scope) return state.regions[scope.region];
  return state.fleet;
}

/** What a sensor should do: host over region over fleet; its version is the newest of the three. */
export function effectiveConfig(
  { fleet, regions, hosts }: DesiredState,
  region: string,
  hostname: string,
): VersionedConfig {
  const scopes = [fleet, regions[region], hosts[hostname]];
  return Object.assign({}, ...scopes, { version: Math.max(...scopes.map((scope) => scope?.version ?? 0)) });
}

/** Of two states every scope's newest configuration; the first state's where the versions are the same. */
export function newestOf(first: DesiredState, second: DesiredState): DesiredState {
  const newer = (a: VersionedConfig | undefined, b: VersionedConfig) => (a && a.version >= b.version ? a : b);
  const join = (a: DesiredState['hosts'], b: DesiredState['hosts']) => ({
    ...a,
    ...Object.fromEntries(Object.entries(b).map(([scope, config]) => [scope, newer(a[scope], config)])),
  });
  return {
    version: Math.max(first.version, second.version),
    fleet: newer(first.fleet, second.fleet),
    regions: join(first.regions, second.regions),
    hosts: join(first.hosts, second.hosts),
  };
}

/** Fields whose value the fleet configuration decides in at least one of these regions, whatever sensors are started with. */
export function decidedFields(state: DesiredState, regions: string[]): SensorConfigField[] {
  return SENSOR_CONFIG_FIELDS.filter((field) =>
    regions.some((region) => effectiveConfig(state, region, '')[field] !== undefined),
  );
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
