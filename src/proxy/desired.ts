/**
 * The desired configuration that this proxy holds: durable, versioned, in three scopes (docs/protocol.md).
 * Versions are Unix milliseconds or more, so they grow even when the state was lost: no sensor is ever rolled back.
 */
import { z } from 'zod';
import { type SensorConfig, sensorConfigSchema, type VersionedConfig } from '../core/sensor-config.js';
import { readIfExists, writeFileAtomic } from '../lib/files.js';

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
export type Patch = z.input<typeof patchSchema>;

const versioned = sensorConfigSchema.extend({ version: z.int() });
const stateSchema = z.object({
  version: z.int(),
  fleet: versioned,
  regions: z.record(z.string(), versioned),
  hosts: z.record(z.string(), versioned),
});
/** `version` is the newest of all scopes; 0 = nothing was ever set. */
export type DesiredState = z.output<typeof stateSchema>;

const nothing = (): DesiredState => ({ version: 0, fleet: { version: 0 }, regions: {}, hosts: {} });

export class DesiredConfig {
  private current: DesiredState;

  /** `path`: a JSON file; without it, configuration lives as long as the process. */
  constructor(private readonly path?: string) {
    const text = path === undefined ? undefined : readIfExists(path);
    this.current = text === undefined ? nothing() : stateSchema.parse(JSON.parse(text));
  }

  get state(): DesiredState {
    return this.current;
  }

  /** Newest version of any scope: a sensor that has it needs no look-up. */
  get version(): number {
    return this.current.version;
  }

  /** Changes one scope and keeps the change before it returns. `now` in Unix milliseconds. */
  patch(patch: z.output<typeof patchSchema>, now: number): VersionedConfig {
    const version = Math.max(patch.version ?? 0, this.current.version + 1, patch.version === undefined ? now : 0);
    const next = structuredClone(this.current);
    const before: SensorConfig = scopeOf(next, patch.scope) ?? {};
    const after: VersionedConfig = { ...before, ...patch.set, version };
    for (const field of patch.unset) delete after[field];
    if ('hostname' in patch.scope) next.hosts[patch.scope.hostname] = after;
    else if ('region' in patch.scope) next.regions[patch.scope.region] = after;
    else next.fleet = after;
    next.version = version;
    if (this.path !== undefined) writeFileAtomic(this.path, `${JSON.stringify(next, null, 2)}\n`);
    this.current = next;
    return after;
  }

  /** What a sensor should do: host over region over fleet; its version is the newest of the three. */
  effective(region: string, hostname: string): VersionedConfig {
    const { fleet, regions, hosts } = this.current;
    const scopes = [fleet, regions[region], hosts[hostname]];
    return Object.assign({}, ...scopes, { version: Math.max(...scopes.map((scope) => scope?.version ?? 0)) });
  }
}

function scopeOf(state: DesiredState, scope: Scope): VersionedConfig | undefined {
  if ('hostname' in scope) return state.hosts[scope.hostname];
  if ('region' in scope) return state.regions[scope.region];
  return state.fleet;
}
