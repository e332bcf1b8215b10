/**
 * The desired configuration that this proxy holds: durable and versioned. Versions are Unix milliseconds or more, and
 * newer than all that sensors report, so that no sensor is ever rolled back, also when the state or the clock is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, systemError } from '../lib/errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../lib/fs/durable-files.js';
import {
  configOf,
  type DesiredState,
  desiredStateSchema,
  effectiveConfig,
  newestOf,
  nothingDesired,
  type Patch,
  type ScopeConfig,
} from '../protocol/desired-config.js';
import { isPlausibleVersion, MAX_VERSION, type VersionedConfig } from '../protocol/sensor-config.js';

/** Every sensor asks within 10 s (wasm/publisher), and a bit for its way here. */
const HEARD_ALL_MS = 11_000;

export class DesiredConfig {
  private current: DesiredState;
  /** Newest version that a sensor was seen to have. */
  private seen = 0;
  /** When all sensors that have a version have told so: Unix milliseconds. */
  private readonly heardAllAt: number;

  /**
   * `path`: a JSON file; without it, configuration lives as long as the process. Throws `STATE_UNREADABLE`: what is in
   * a damaged file may be worth saving, so it is not thrown away.
   *
   * @param heardAllMs how long it takes until every sensor has asked
   */
  constructor(
    private readonly path?: string,
    heardAllMs = HEARD_ALL_MS,
  ) {
    const kept = path === undefined ? undefined : readState(path);
    this.current = kept ?? nothingDesired();
    this.heardAllAt = path === undefined || kept ? 0 : Date.now() + heardAllMs;
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

  /** Takes note of the version that a sensor says it has. `now` in Unix milliseconds. */
  hear(version: number, now = Date.now()): void {
    if (version > this.seen && isPlausibleVersion(version, now)) this.seen = version;
  }

  /** A proxy that began with nothing may have lost its state: resolves when it would have heard so from its sensors. */
  async heardAll(): Promise<void> {
    await sleep(Math.max(0, this.heardAllAt - Date.now()));
  }

  /** Changes one scope and keeps the change before it returns. `now` in Unix milliseconds. */
  patch({ scope, set, unset }: Pick<Patch, 'scope' | 'set' | 'unset'>, now: number): ScopeConfig {
    const version = Math.min(MAX_VERSION, Math.max(this.current.version + 1, this.seen + 1, now));
    const next = structuredClone(this.current);
    const before = configOf(next, scope);
    const changed = Object.fromEntries([...Object.keys(set), ...unset].map((field) => [field, version]));
    const after: ScopeConfig = { ...before, ...set, version, changed: { ...before?.changed, ...changed } };
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

function readState(path: string): DesiredState | undefined {
  try {
    const text = readIfExists(path);
    return text === undefined ? undefined : desiredStateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw systemError('STATE_UNREADABLE', `${path} does not hold a desired configuration: ${messageOf(cause)}`, {
      cause,
      hint: 'Mend it, or move it away and set the configuration again with `wasm-sensors config set --replace`.',
    });
  }
}
