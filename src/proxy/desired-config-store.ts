/**
 * The desired configuration that this proxy holds: durable and versioned. A version is the time in Unix milliseconds, or
 * more: it is always above every version that sensors report, so that no sensor is rolled back when the state or the
 * clock is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../lib/fs/durable-files.js';
import {
  configOf,
  type DesiredState,
  desiredStateSchema,
  nothingDesired,
  type Patch,
  type ScopeConfig,
} from '../protocol/desired-config.js';
import { isPlausibleVersion, MAX_VERSION } from '../protocol/sensor-config.js';

/** Every sensor asks within 10 s (wasm/sdk), plus 1 s for network delay. */
const REPORT_WITHIN_MS = 11_000;

/** How far the clock of a proxy that held the configuration before may have been ahead. */
const CLOCK_DIFFERENCE_MS = 300_000;

export type DesiredConfigStore = ReturnType<typeof desiredConfigStore>;

/**
 * @param path a JSON file; without it, the configuration is lost when the process exits
 * @param reportWithinMs how long it takes until every sensor has asked
 * @throws `STATE_UNREADABLE` when the file is damaged. It stays as it is, because its content may be worth saving.
 */
export function desiredConfigStore(path?: string, reportWithinMs = REPORT_WITHIN_MS) {
  const again = 'set the configuration again with `wasm-sensors config set --replace`';
  const kept = readStateFile(path, desiredStateSchema, { holds: 'a desired configuration', again });
  let state = kept ?? nothingDesired();
  /** Newest version that a sensor reported, or another proxy. */
  let seen = 0;
  /** A newer version would have been given by this proxy itself, which has none. In Unix milliseconds, as all versions. */
  const newestPossible = Date.now() + CLOCK_DIFFERENCE_MS;
  /** When every sensor has had time to report its version, by the monotonic clock. */
  const allReportedAt = path === undefined || kept ? 0 : performance.now() + reportWithinMs;

  function keep(next: DesiredState): void {
    writeStateFile(path, next);
    state = next;
  }

  return {
    get state(): DesiredState {
      return state;
    },

    /** Newest version of any scope: a sensor that has it needs no look-up. */
    get version(): number {
      return state.version;
    },

    /** Newest version held here or reported. */
    get newestKnown(): number {
      return Math.max(seen, state.version);
    },

    /** A newer version than the one held here, which sensors have: this proxy has lost its state. Else undefined. */
    get lost(): number | undefined {
      return seen > state.version ? seen : undefined;
    },

    /** Records a version that a sensor reports; one that no proxy can have given is ignored. */
    recordReportedVersion(version: number): void {
      if (version > seen && version <= newestPossible && isPlausibleVersion(version, Date.now())) seen = version;
    },

    /**
     * Resolves when every sensor has had the time to report its version: only then does a proxy that started without a
     * state know whether it has lost one.
     */
    waitForAllReports: (): Promise<void> => sleep(Math.max(0, allReportedAt - performance.now())),

    /** Changes one scope; the change is durable when this returns. Throws `STATE_UNWRITABLE`. `now` in Unix milliseconds. */
    patch({ scope, set, unset }: Pick<Patch, 'scope' | 'set' | 'unset'>, now: number): ScopeConfig {
      const version = Math.min(MAX_VERSION, Math.max(seen + 1, state.version + 1, now));
      const next = structuredClone(state);
      const after: ScopeConfig = { ...configOf(next, scope), ...set, version };
      for (const field of unset) delete after[field];
      if ('hostname' in scope) next.hosts[scope.hostname] = after;
      else if ('region' in scope) next.regions[scope.region] = after;
      else next.fleet = after;
      keep({ ...next, version });
      return after;
    },

    /** Replaces the whole state by that of another proxy, if that is newer. Throws `STATE_UNWRITABLE`. */
    takeOver({ version, fleet, regions, hosts }: DesiredState): void {
      if (version > state.version) keep({ version, fleet, regions, hosts });
    },
  };
}

/**
 * The JSON of a file in the state folder; undefined where there is none. Throws `STATE_UNREADABLE`, which says what it
 * `holds`, and how to make it `again`.
 */
export function readStateFile<T extends z.ZodType>(
  path: string | undefined,
  schema: T,
  { holds, again }: { holds: string; again: string },
): z.output<T> | undefined {
  if (path === undefined) return undefined;
  try {
    const text = readIfExists(path);
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  } catch (cause) {
    const hint = `Repair it, or move it away and ${again}.`;
    throw new AppError('STATE_UNREADABLE', `${path} does not hold ${holds}: ${messageOf(cause)}`, { cause, hint });
  }
}

/** Durable when this returns. Throws `STATE_UNWRITABLE`. */
export function writeStateFile(path: string | undefined, state: unknown): void {
  if (path === undefined) return;
  try {
    writeFileAtomic(path, `${JSON.stringify(state, null, 2)}\n`);
  } catch (cause) {
    throw new AppError('STATE_UNWRITABLE', `can't write ${path}: ${messageOf(cause)}`, { cause });
  }
}
