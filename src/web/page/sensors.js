/** The sensors that are shown: a new deployment changes the entry of its host and job, and adds none. */
import { safeColor } from './color.js';

/**
 * @typedef {object} Sensor
 * @property {string} region
 * @property {string} hostname
 * @property {string} execution
 * @property {number} submission
 * @property {number} sequence
 * @property {string | undefined} color a safe one
 * @property {string} icon
 * @property {'live' | 'paused' | 'silent'} state
 */

/**
 * By host and job; several where nodes share a name.
 * @type {Map<string, Sensor[]>}
 */
let places = new Map();
const placeOf = (from) => `${from.region}\n${from.hostname}\n${from.job_id}`;
const allSensors = () => [...places.values()].flat();

/** @returns {Sensor[]} */
export const sensorsOf = (region) => allSensors().filter((sensor) => sensor.region === region);

/** Takes in a reading; gives its sensor, or undefined when the reading says nothing about now. */
export function observe(reading) {
  const peers = at(places, reading);
  // Of a deployment that was replaced.
  if (peers.some(({ submission }) => reading.job_submission_time < submission)) return undefined;
  let sensor = entryFor(peers, reading);
  const isNew = !sensor;
  if (isNew) peers.push((sensor = newSensor(reading)));
  else if (reading.execution_id === sensor.execution && reading.sequence < sensor.sequence) return undefined;
  describe(sensor, reading);
  sensor.state = 'live';
  return { sensor, isNew };
}

const newSensor = ({ region, hostname }) => ({ region, hostname });

function at(map, from) {
  const place = placeOf(from);
  if (!map.has(place)) map.set(place, []);
  return map.get(place);
}

/** Its own, or that of an older deployment, whose place it takes. */
const entryFor = (peers, from) =>
  peers.find(({ execution }) => execution === from.execution_id) ??
  peers.find(({ submission }) => submission < from.job_submission_time);

/** `from`: a reading, or the puller's view of a sensor. */
function describe(sensor, from) {
  sensor.execution = from.execution_id;
  sensor.submission = from.job_submission_time;
  sensor.sequence = from.sequence;
  sensor.color = safeColor(from.color);
  sensor.icon = from.icon_name;
}

/** Takes over the whole fleet as the puller sees it. */
export function takeOver(views) {
  const before = places;
  places = new Map();
  for (const view of views) {
    if (view.state === 'gone' || view.state === 'replaced') continue;
    const known = at(before, view);
    const sensor = entryFor(known, view) ?? newSensor(view);
    before.set(
      placeOf(view),
      known.filter((one) => one !== sensor),
    );
    // Readings that overtook this answer know better.
    if (sensor.execution !== view.execution_id || sensor.sequence < view.sequence) describe(sensor, view);
    sensor.state = view.state;
    at(places, view).push(sensor);
  }
}

/** Whether the puller's counts differ: only it knows who is paused or silent. */
export function isBehind(regions) {
  const counts = new Map();
  for (const { region, state } of allSensors()) {
    const key = `${region}\n${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const states = ['live', 'paused', 'silent'];
  return regions.some((view) => states.some((state) => (counts.get(`${view.region}\n${state}`) ?? 0) !== view[state]));
}
