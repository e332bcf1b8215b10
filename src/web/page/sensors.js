/** The sensors that are shown: one entry for each host and job, so that a new deployment changes it and adds none. */
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

/** @type {Map<string, Sensor>} */
let sensors = new Map();
const keyOf = (from) => `${from.region}\n${from.hostname}\n${from.job_id}`;

/** @returns {Sensor[]} */
export const sensorsOf = (region) => [...sensors.values()].filter((sensor) => sensor.region === region);

/** Takes in a reading; gives its sensor, or undefined when the reading says nothing about now. */
export function observe(reading) {
  const key = keyOf(reading);
  let sensor = sensors.get(key);
  const isNew = !sensor;
  if (isNew) {
    sensor = { region: reading.region, hostname: reading.hostname };
    sensors.set(key, sensor);
  } else if (isOld(reading, sensor)) return undefined;
  describe(sensor, reading);
  sensor.state = 'live';
  return { sensor, isNew };
}

/** Late, or of a deployment that was replaced. */
function isOld(reading, { submission, execution, sequence }) {
  if (reading.job_submission_time < submission) return true;
  return reading.execution_id === execution && reading.sequence < sequence;
}

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
  const before = sensors;
  sensors = new Map();
  for (const view of views) {
    if (view.state === 'gone' || view.state === 'replaced') continue;
    const sensor = before.get(keyOf(view)) ?? { region: view.region, hostname: view.hostname };
    // Readings that overtook this answer know better.
    if (sensor.execution !== view.execution_id || sensor.sequence < view.sequence) describe(sensor, view);
    sensor.state = view.state;
    sensors.set(keyOf(view), sensor);
  }
}

/** Whether the puller's counts differ: only it knows who is paused or silent. */
export function isBehind(regions) {
  const counts = new Map();
  for (const { region, state } of sensors.values()) {
    const key = `${region}\n${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const states = ['live', 'paused', 'silent'];
  return regions.some((view) => states.some((state) => (counts.get(`${view.region}\n${state}`) ?? 0) !== view[state]));
}
