/** The sensors that are shown. A new deployment updates the entry of its host and job instead of adding another one. */
/** @import { FleetSummary, RegionView, SensorView } from '../../fleet/fleet-view.js' */
/** @import { MeasuredValues } from '../../protocol/measured-values.js' */
/** @import { Reading } from '../../protocol/message.js' */
import { safeColor } from './color.js';

/**
 * @typedef {object} ShownSensor
 * @property {string} region
 * @property {string} hostname
 * @property {string} execution
 * @property {number} submission
 * @property {number} sequence
 * @property {string | undefined} color a safe one
 * @property {string} icon
 * @property {MeasuredValues | undefined} values
 * @property {'live' | 'paused' | 'silent'} state
 */

/**
 * By host and job; several where nodes share a name.
 * @type {Map<string, ShownSensor[]>}
 */
let places = new Map();

/** @param {Reading | SensorView} from */
const placeOf = (from) => `${from.region}\n${from.hostname}\n${from.job_id}`;
export const allSensors = () => [...places.values()].flat();

/** @param {string} region */
export const sensorsOf = (region) => allSensors().filter((sensor) => sensor.region === region);

/**
 * Records a reading; returns its sensor, or undefined when the reading is out of date.
 * @param {Reading} reading
 */
export function observe(reading) {
  const peers = peersAt(places, reading);
  // It is of a deployment that was replaced.
  if (peers.some(({ submission }) => reading.job_submission_time < submission)) return undefined;
  const known = entryFor(peers, reading);
  if (known?.execution === reading.execution_id && reading.sequence < known.sequence) return undefined;
  const sensor = Object.assign(known ?? {}, describe(reading), { state: /** @type {const} */ ('live') });
  if (!known) peers.push(sensor);
  return { sensor, isNew: !known };
}

/**
 * @param {typeof places} map
 * @param {Reading | SensorView} from
 */
function peersAt(map, from) {
  const place = placeOf(from);
  const peers = map.get(place) ?? [];
  map.set(place, peers);
  return peers;
}

/**
 * The entry of the same execution, or of an older deployment, which it replaces.
 * @param {ShownSensor[]} peers
 * @param {Reading | SensorView} from
 */
const entryFor = (peers, from) =>
  peers.find(({ execution }) => execution === from.execution_id) ??
  peers.find(({ submission }) => submission < from.job_submission_time);

/**
 * @param {Reading | SensorView} from
 * @returns {Omit<ShownSensor, 'state'>}
 */
const describe = (from) => ({
  region: from.region,
  hostname: from.hostname,
  execution: from.execution_id,
  submission: from.job_submission_time,
  sequence: from.sequence,
  color: safeColor(from.color),
  icon: from.icon_name,
  values: from.values,
});

/**
 * Replaces all sensors by those that the puller knows.
 * @param {SensorView[]} views
 */
function replaceAll(views) {
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
    before.set(
      placeOf(view),
      peers.filter((one) => one !== known),
    );
    peersAt(places, view).push(sensor);
  }
}

/**
 * Whether the counts of the puller differ: only the puller knows which sensors are paused or silent.
 * @param {RegionView[]} regions
 */
export function isBehind(regions) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { region, state } of allSensors()) {
    const key = `${region}\n${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const states = /** @type {const} */ (['live', 'paused', 'silent']);
  return regions.some((view) => states.some((state) => (counts.get(`${view.region}\n${state}`) ?? 0) !== view[state]));
}

let loading = false;
let againAt = 0;

/** Loading a large fleet takes long: at most a twentieth of the time is spent on it. */
export const mayLoadAgain = () => performance.now() >= againAt;

/**
 * Loads the whole fleet: at the start, after a lost connection, and when the counts differ. Returns the summary, or
 * undefined when another load is running or the puller does not answer.
 * @returns {Promise<FleetSummary | undefined>}
 */
export async function loadFleet() {
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
