/**
 * The desired configuration that this proxy holds: durable and versioned. Versions are Unix milliseconds or more, so
 * they grow even when the state was lost: no sensor is ever rolled back.
 */
import { configOf, type DesiredState, desiredStateSchema, effectiveConfig, type Patch } from '../core/desired.js';
import type { VersionedConfig } from '../core/sensor-config.js';
import { readIfExists, writeFileAtomic } from '../lib/files.js';

const nothing = (): DesiredState => ({ version: 0, fleet: { version: 0 }, regions: {}, hosts: {} });

export class DesiredConfig {
  private current: DesiredState;

  /** `path`: a JSON file; without it, configuration lives as long as the process. */
  constructor(private readonly path?: string) {
    const text = path === undefined ? undefined : readIfExists(path);
    this.current = text === undefined ? nothing() : desiredStateSchema.parse(JSON.parse(text));
  }

  get state(): DesiredState {
    return this.current;
  }

  /** Newest version of any scope: a sensor that has it needs no look-up. */
  get version(): number {
    return this.current.version;
  }

  /** Changes one scope and keeps the change before it returns. `now` in Unix milliseconds. */
  patch({ scope, set, unset, version: wished }: Patch, now: number): VersionedConfig {
    const version = Math.max(this.current.version + 1, wished ?? now);
    const next = structuredClone(this.current);
    const after: VersionedConfig = { ...configOf(next, scope), ...set, version };
    for (const field of unset) delete after[field];
    if ('hostname' in scope) next.hosts[scope.hostname] = after;
    else if ('region' in scope) next.regions[scope.region] = after;
    else next.fleet = after;
    next.version = version;
    if (this.path !== undefined) writeFileAtomic(this.path, `${JSON.stringify(next, null, 2)}\n`);
    this.current = next;
    return after;
  }

  effective(region: string, hostname: string): VersionedConfig {
    return effectiveConfig(this.current, region, hostname);
  }
}
