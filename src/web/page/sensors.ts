/** The sensors that are shown. A new deployment updates the entry of its host and job instead of adding another one. */
import type { FleetSummary, RegionView, SensorState, SensorView } from '../../fleet/fleet-view.js';
import type { Reading } from '../../protocol/message.js';
import { isIn, type Selection } from './selection.js';
import { ask } from './session.js';

/** What readings and the fleet view tell of a sensor. */
type Seen = Pick<SensorView, Exclude<keyof SensorView & keyof Reading, 'timestamp'>>;
export type ShownSensor = Seen & { state: Exclude<SensorState, 'gone' | 'replaced'> };

/** Several where nodes share a name. */
type Places = Map<string, ShownSensor[]>;
let places: Places = new Map();

export const sensorsIn = (selection: Selection): ShownSensor[] =>
  [...places.values()].flat().filter((sensor) => isIn(selection, sensor));

/** Records a reading; returns its sensor, or undefined when the reading is out of date, or of one that is not shown. */
export function observe(reading: Reading): { sensor: ShownSensor; isNew: boolean } | undefined {
  const peers = peersAt(places, reading);
  // It is of a deployment that was replaced.
  if (peers.some((peer) => reading.job_submission_time < peer.job_submission_time)) return undefined;
  const known = entryFor(peers, reading);
  if (known?.execution_id === reading.execution_id && reading.sequence < known.sequence) return undefined;
  if (!known && isPart) return undefined;
  const sensor = update(known, reading, 'live');
  if (!known) peers.push(sensor);
  return { sensor, isNew: !known };
}

/** The sensors at the host and of the job of this one. */
function peersAt(map: Places, from: Seen): ShownSensor[] {
  const place = `${from.region}\n${from.hostname}\n${from.job_id}`;
  const peers = map.get(place) ?? [];
  map.set(place, peers);
  return peers;
}

/** The entry of the same execution, or of an older deployment, which it replaces. */
const entryFor = (peers: ShownSensor[], from: Seen) =>
  peers.find((peer) => peer.execution_id === from.execution_id) ??
  peers.find((peer) => peer.job_submission_time < from.job_submission_time);

/** The newest reading may be without values. */
const update = (known: ShownSensor | undefined, from: Seen, state: ShownSensor['state']): ShownSensor =>
  Object.assign(known ?? {}, from, { values: from.values, state });

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
    const isNewer = known?.execution_id === view.execution_id && known.sequence >= view.sequence;
    const sensor = isNewer ? Object.assign(known, { state }) : update(known, view, state);
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

/** The page shows some of a larger fleet, and its counts. */
const MAX_SHOWN = 10_000;
const LOAD_PART_EVERY_MS = 30_000;
let isPart = false;
export const showsPart = (): boolean => isPart;

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
  const { answer } = await ask<{ sensors: SensorView[]; summary: FleetSummary; leftOut?: number }>(
    `fleet?limit=${MAX_SHOWN}`,
  );
  if (answer) {
    isPart = answer.leftOut !== undefined;
    replaceAll(answer.sensors);
  }
  loading = false;
  againAt = performance.now() + Math.max(isPart ? LOAD_PART_EVERY_MS : 1_000, 20 * (performance.now() - began));
  return answer?.summary;
}
