/** The sensors that are shown. A new deployment updates the entry of its host and job instead of adding another one. */
import type { FleetSummary, RegionView, SensorState, SensorView } from '../../fleet/fleet-view.js';
import type { Reading } from '../../protocol/message.js';
import { safeColor } from './color.js';
import { isIn, type Selection } from './selection.js';

/** The newest reading of a sensor. */
export interface ShownSensor extends Pick<SensorView, 'region' | 'hostname' | 'sequence' | 'values'> {
  execution: string;
  submission: number;
  /** A safe one. */
  color: string | undefined;
  icon: string;
  state: Exclude<SensorState, 'gone' | 'replaced'>;
}

/** Several where nodes share a name. */
type Places = Map<string, ShownSensor[]>;
let places: Places = new Map();

export const sensorsIn = (selection: Selection): ShownSensor[] =>
  [...places.values()].flat().filter((sensor) => isIn(selection, sensor));

/** Records a reading; returns its sensor, or undefined when the reading is out of date. */
export function observe(reading: Reading): { sensor: ShownSensor; isNew: boolean } | undefined {
  const peers = peersAt(places, reading);
  // It is of a deployment that was replaced.
  if (peers.some(({ submission }) => reading.job_submission_time < submission)) return undefined;
  const known = entryFor(peers, reading);
  if (known?.execution === reading.execution_id && reading.sequence < known.sequence) return undefined;
  const sensor: ShownSensor = Object.assign(known ?? {}, describe(reading), { state: 'live' as const });
  if (!known) peers.push(sensor);
  return { sensor, isNew: !known };
}

/** The sensors at the host and of the job of this one. */
function peersAt(map: Places, from: Reading | SensorView): ShownSensor[] {
  const place = `${from.region}\n${from.hostname}\n${from.job_id}`;
  const peers = map.get(place) ?? [];
  map.set(place, peers);
  return peers;
}

/** The entry of the same execution, or of an older deployment, which it replaces. */
const entryFor = (peers: ShownSensor[], from: Reading | SensorView) =>
  peers.find(({ execution }) => execution === from.execution_id) ??
  peers.find(({ submission }) => submission < from.job_submission_time);

const describe = (from: Reading | SensorView): Omit<ShownSensor, 'state'> => ({
  region: from.region,
  hostname: from.hostname,
  execution: from.execution_id,
  submission: from.job_submission_time,
  sequence: from.sequence,
  color: safeColor(from.color),
  icon: from.icon_name,
  values: from.values,
});

/** Replaces all sensors by those that the puller knows. */
function replaceAll(views: SensorView[]): void {
  const before = places;
  places = new Map();
  for (const view of views) {
    const { state } = view;
    if (state === 'gone' || state === 'replaced') continue;
    const peers = peersAt(before, view);
    const known = entryFor(peers, view);
    // Events may have overtaken this answer: then the entry is newer.
    const isNewer = known?.execution === view.execution_id && known.sequence >= view.sequence;
    const sensor = Object.assign(known ?? {}, isNewer ? known : describe(view), { state });
    if (known) peers.splice(peers.indexOf(known), 1);
    peersAt(places, view).push(sensor);
  }
}

/** Whether the counts of the puller differ: only the puller knows which sensors are paused or silent. */
export function isBehind(regions: RegionView[]): boolean {
  const counts = new Map<string, number>();
  for (const { region, state } of sensorsIn({})) {
    const key = `${region}\n${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const states = ['live', 'paused', 'silent'] as const;
  return regions.some((view) => states.some((state) => (counts.get(`${view.region}\n${state}`) ?? 0) !== view[state]));
}

let loading = false;
let againAt = 0;

/** Loading a large fleet takes long: at most a twentieth of the time is spent on it. */
export const mayLoadAgain = () => performance.now() >= againAt;

/**
 * Loads the whole fleet: at the start, after a lost connection, and when the counts differ. Returns the summary, or
 * undefined when another load is running or the puller does not answer.
 */
export async function loadFleet(): Promise<FleetSummary | undefined> {
  if (loading) return undefined;
  loading = true;
  const began = performance.now();
  try {
    const response = await fetch('fleet');
    if (!response.ok) return undefined;
    const { sensors, summary } = await response.json();
    replaceAll(sensors);
    return summary;
  } catch {
    // The next summary tries again.
    return undefined;
  } finally {
    loading = false;
    againAt = performance.now() + Math.max(1_000, 20 * (performance.now() - began));
  }
}
