/**
 * The desired configuration that this proxy holds: durable and versioned. Versions are Unix milliseconds or more, and
 * newer than all that sensors report, so that no sensor is ever rolled back, also when the state or the clock is lost.
 */
import {
  configOf,
  type DesiredState,
  desiredStateSchema,
  effectiveConfig,
  newestOf,
  type Patch,
} from '../core/desired.js';
import { messageOf, systemError } from '../core/errors.js';
import { MAX_VERSION, type VersionedConfig } from '../core/sensor-config.js';
import { readIfExists, writeFileAtomic } from '../lib/files.js';

const nothing = (): DesiredState => ({ version: 0, fleet: { version: 0 }, regions: {}, hosts: {} });

export class DesiredConfig {
  private current: DesiredState;
  /** Newest version that a sensor was seen to have. */
  private seen = 0;

  /**
   * `path`: a JSON file; without it, configuration lives as long as the process. Throws `STATE_UNREADABLE`: what is in
   * a damaged file may be worth saving, so it is not thrown away.
   */
  constructor(private readonly path?: string) {
    this.current = path === undefined ? nothing() : readState(path);
  }

  get state(): DesiredState {
    return this.current;
  }

  /** Newest version of any scope: a sensor that has it needs no look-up. */
  get version(): number {
    return this.current.version;
  }

  /** The version that this proxy has lost: a sensor has it, or a newer one was given out; undefined = it has all. */
  get lost(): number | undefined {
    return this.seen > this.current.version ? this.seen : undefined;
  }

  /** Takes note of the version that a sensor has. */
  hear(version: number): void {
    if (version > this.seen && version <= MAX_VERSION) this.seen = version;
  }

  /** Changes one scope and keeps the change before it returns. `now` in Unix milliseconds. */
  patch({ scope, set, unset }: Pick<Patch, 'scope' | 'set' | 'unset'>, now: number): VersionedConfig {
    const version = Math.max(this.current.version + 1, this.seen + 1, now);
    const next = structuredClone(this.current);
    const after: VersionedConfig = { ...configOf(next, scope), ...set, version };
    for (const field of unset) delete after[field];
    if ('hostname' in scope) next.hosts[scope.hostname] = after;
    else if ('region' in scope) next.regions[scope.region] = after;
    else next.fleet = after;
    this.keep({ ...next, version });
    return after;
  }

  /** Takes over what another proxy holds; of each scope the newest stays. */
  merge(other: DesiredState): void {
    this.keep(newestOf(other, this.current));
  }

  private keep(next: DesiredState): void {
    if (this.path !== undefined) writeFileAtomic(this.path, `${JSON.stringify(next, null, 2)}\n`);
    this.current = next;
  }

  effective(region: string, hostname: string): VersionedConfig {
    return effectiveConfig(this.current, region, hostname);
  }
}

function readState(path: string): DesiredState {
  try {
    const text = readIfExists(path);
    return text === undefined ? nothing() : desiredStateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw systemError('STATE_UNREADABLE', `${path} does not hold a desired configuration: ${messageOf(cause)}`, {
      cause,
      hint: 'Mend it, or move it away and set the configuration again with `wasm-sensors config set --replace`.',
    });
  }
}
