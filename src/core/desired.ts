/** The desired configuration of a fleet: three scopes, and what they come to for one sensor (docs/protocol.md). */
import { z } from 'zod';
import { type SensorConfig, sensorConfigSchema, type VersionedConfig } from './sensor-config.js';

const name = z.string().min(1).max(200);
/** Whom a change is for: one host, one region, or (empty) the whole fleet. */
export const scopeSchema = z.union([
  z.strictObject({ hostname: name }),
  z.strictObject({ region: name }),
  z.strictObject({}),
]);
export type Scope = z.output<typeof scopeSchema>;

export const patchSchema = z.strictObject({
  scope: scopeSchema.default({}),
  set: sensorConfigSchema.default({}),
  unset: z.array(sensorConfigSchema.keyof()).default([]),
  /** Given to further proxies, so that all hold the same version. */
  version: z.int().positive().optional(),
});
export type Patch = z.output<typeof patchSchema>;

const versioned = sensorConfigSchema.extend({ version: z.int() });
export const desiredStateSchema = z.object({
  version: z.int(),
  fleet: versioned,
  regions: z.record(z.string(), versioned),
  hosts: z.record(z.string(), versioned),
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

/** Whether a scope has this sensor in it. */
export function inScope(scope: Scope, sensor: { region: string; hostname: string }): boolean {
  if ('hostname' in scope) return sensor.hostname === scope.hostname;
  return !('region' in scope) || sensor.region === scope.region;
}

/** Whether what a sensor's newest reading and report show is what it should do. Random values can't be told apart. */
export function shows(
  desired: SensorConfig,
  seen: { color: string; intervalMs: number | undefined; paused: boolean | undefined },
): boolean {
  const { color, interval, paused } = desired;
  if (color !== undefined && color !== 'random' && seen.color.toLowerCase() !== color) return false;
  if (interval !== undefined && seen.intervalMs !== Math.round(interval * 1000)) return false;
  return paused === undefined || seen.paused === paused;
}

/** For people: `fleet`, `region eu`, `host edge-us-1`. */
export function scopeText(scope: Scope): string {
  if ('hostname' in scope) return `host ${scope.hostname}`;
  return 'region' in scope ? `region ${scope.region}` : 'fleet';
}
