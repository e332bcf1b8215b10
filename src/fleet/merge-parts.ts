/**
 * One fleet of many: what the views of its shards say together. A host is in one shard always, so that sensors, counts and
 * rates add up; a relay may be heard in all of them.
 */
import { scopeText } from '../protocol/desired-config.js';
import type { DesiredField } from '../protocol/sensor-config.js';
import { compareScopes } from './convergence.js';
import {
  type ChangeProgress,
  type Convergence,
  type FleetSummary,
  type HiddenBy,
  MAX_PENDING,
  type SensorView,
  type SummaryPart,
} from './fleet-view.js';
import { mergeRegions, totalOf } from './region-counts.js';
import { Relays } from './relays.js';

const { compare } = new Intl.Collator();

/** By region and host. */
export const compareSensors = (a: SensorView, b: SensorView): number =>
  compare(a.region, b.region) || compare(a.hostname, b.hostname) || a.first_seen - b.first_seen;

/** `now`: Unix milliseconds. */
export function mergeSummaries(parts: SummaryPart[], now: number): FleetSummary {
  const regions = mergeRegions(parts.map((part) => part.regions));
  const relays = new Relays();
  learnRelays(relays, parts, now);
  const silent = new Set(regions.filter((region) => region.silent > 0).map(({ region }) => region));
  return { time: now, relays: relays.view(now, (region) => silent.has(region)), regions, total: totalOf(regions) };
}

/**
 * A relay may be heard in one part, and its sensors be in another, which counts their readings by what it keeps. And a region
 * that does without it now shows only in all parts together.
 */
export function learnRelays(relays: Relays, parts: SummaryPart[], now: number): void {
  relays.load(parts.flatMap((part) => part.relays).sort((a, b) => a.heardAt - b.heardAt));
  const lastSeen = new Map<string, number>();
  for (const { region, last_seen } of parts.flatMap(({ regions }) => regions)) {
    lastSeen.set(region, Math.max(last_seen, lastSeen.get(region) ?? 0));
  }
  relays.prune(now, (region) => lastSeen.get(region) ?? 0);
}

/** Each is sorted already. */
export function mergeViews([first = [], ...others]: SensorView[][]): SensorView[] {
  return others.length === 0 ? first : first.concat(...others).sort(compareSensors);
}

export function mergeCounts(parts: Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const part of parts) for (const [name, count] of Object.entries(part)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

/**
 * When each job was submitted last, as the parts know it together; undefined where every one of them knows that. Of a job that
 * was submitted again, sensors of before are not expected to return, wherever they are.
 */
export function unknownSubmissions(parts: Convergence[]): Record<string, number> | undefined {
  const known: Record<string, number> = {};
  for (const { submissions = {} } of parts) {
    for (const [job, time] of Object.entries(submissions)) known[job] = Math.max(known[job] ?? 0, time);
  }
  const isKnown = ({ submissions = {} }: Convergence) =>
    Object.entries(known).every(([job, time]) => submissions[job] === time);
  return parts.every(isKnown) ? undefined : known;
}

/** Parts that know the same of submissions. `fields`: those of the change that was asked for. */
export function mergeConvergence(parts: Convergence[], fields: DesiredField[] = []): Convergence {
  const sum = (key: 'sensors' | 'converged' | 'gone') => parts.reduce((total, part) => total + part[key], 0);
  const changes = parts.flatMap(({ change }) => (change ? [change] : []));
  return {
    sensors: sum('sensors'),
    converged: sum('converged'),
    pending: parts.flatMap(({ pending }) => pending).slice(0, MAX_PENDING),
    gone: sum('gone'),
    newest: Math.max(0, ...parts.map(({ newest }) => newest)),
    ...(changes.length === 0 ? {} : { change: mergeChanges(changes, fields) }),
  };
}

function mergeChanges(changes: ChangeProgress[], fields: DesiredField[]): ChangeProgress {
  const hidden = new Map<string, HiddenBy>();
  for (const one of changes.flatMap((change) => change.hidden)) {
    const known = hidden.get(scopeText(one.scope));
    hidden.set(scopeText(one.scope), {
      scope: one.scope,
      fields: fields.filter((field) => one.fields.includes(field) || known?.fields.includes(field)),
      sensors: one.sensors + (known?.sensors ?? 0),
    });
  }
  return {
    following: changes.reduce((sum, { following }) => sum + following, 0),
    converged: changes.reduce((sum, { converged }) => sum + converged, 0),
    hidden: [...hidden.values()].sort((a, b) => compareScopes(a.scope, b.scope)),
  };
}
