/** What the selection is configured to do, and where each value comes from; as `config show` prints it. */
/** @import { SensorView } from '../../fleet/fleet-view.js' */
/** @import { Selection } from './selection.js' */
import { byId, create, setText } from './dom.js';

/** As the commands name them. */
const FIELDS = /** @type {const} */ (['color', 'emoji', 'random_off', 'interval', 'paused']);
const NAMES = { color: 'colour', emoji: 'icon', random_off: 'random off', interval: 'interval', paused: 'paused' };
const MAX_PENDING = 5;

/**
 * @typedef {object} ConfigAnswer `GET /fleet/config`
 * @property {{ scope: object, config: Record<string, unknown> | null }[]} scopes the wider ones first
 * @property {number} [lost]
 * @property {{ sensors: number, converged: number, pending: { hostname: string, state: string }[] }} convergence
 * @property {{ scopes: Record<string, string>, desired: Record<string, unknown> }[]} sensors
 */

/**
 * @param {Selection} selection
 * @param {ConfigAnswer | { error: { message: string } } | undefined} answer undefined: not known yet
 * @param {SensorView | undefined} sensor the one that is selected, where it is one
 */
export function showConfig(selection, answer, sensor) {
  const config = answer && !('error' in answer) ? answer : undefined;
  setText(byId('config-problem'), answer && 'error' in answer ? answer.error.message : '');
  setText(byId('config-seen'), config ? seenText(config) : '');
  const behind = config !== undefined && config.convergence.converged < config.convergence.sensors;
  setText(byId('config-seen'), config && (behind || selection.host === undefined) ? seenText(config) : '');
  const rows = selection.host === undefined ? scopeRows(config) : sensorRows(sensor, config);
  byId('config-rows').replaceChildren(...rows.map(rowOf));
}

/** @param {ConfigAnswer} config */
function seenText({ convergence, lost }) {
  const { sensors, converged, pending } = convergence;
  if (lost !== undefined) return 'The proxy has lost the configuration that sensors still have.';
  if (sensors === 0) return '';
  const names = pending.slice(0, MAX_PENDING).map(({ hostname, state }) => `${hostname} (${state})`);
  const waiting = names.length > 0 ? `; not yet: ${names.join(', ')}${pending.length > MAX_PENDING ? ' …' : ''}` : '';
  return `${converged}/${sensors} sensors converged${waiting}`;
}

/**
 * Of one sensor: what it does.
 * @param {SensorView | undefined} sensor
 * @param {ConfigAnswer | undefined} config
 * @returns {[name: string, value: string, source: string][]}
 */
function sensorRows(sensor, config) {
  const reported = sensor?.config;
  if (!sensor || !reported) return [];
  const { scopes = {}, desired = {} } = config?.sensors[0] ?? {};
  const values = {
    color: sensor.color.toLowerCase(),
    emoji: sensor.icon_name,
    random_off: reported.sources.random_off === 'default' ? 'no' : yesNo(desired.random_off),
    interval: `${reported.intervalMs / 1000} s`,
    paused: yesNo(reported.paused),
  };
  return FIELDS.map((field) => [NAMES[field], values[field], scopes[field] ?? reported.sources[field]]);
}

/**
 * Of many: what is set for all of them.
 * @param {ConfigAnswer | undefined} config
 * @returns {[name: string, value: string, source: string][]}
 */
function scopeRows(config) {
  if (!config) return [];
  return FIELDS.map((field) => {
    const deciding = config.scopes.findLast((one) => one.config?.[field] !== undefined);
    if (!deciding) return [NAMES[field], '–', 'each sensor its own'];
    return [NAMES[field], valueText(field, deciding.config?.[field]), scopeText(deciding.scope)];
  });
}

/**
 * A sensor does not report the value that a flag or its file sets.
 * @param {unknown} value
 */
const yesNo = (value) => (value === undefined ? '?' : value ? 'yes' : 'no');

/**
 * @param {(typeof FIELDS)[number]} field
 * @param {unknown} value
 */
function valueText(field, value) {
  if (typeof value === 'boolean') return yesNo(value);
  if (field === 'interval') return `${value} s`;
  return value === -1 ? 'random' : String(value);
}

/** @param {object} scope */
const scopeText = (scope) => ('region' in scope ? `region ${scope.region}` : 'fleet');

/** @param {[name: string, value: string, source: string]} texts */
function rowOf([name, value, source]) {
  const row = create('tr', '');
  const head = create('th', '', name);
  head.setAttribute('scope', 'row');
  row.append(head, create('td', '', value), create('td', 'dim', source));
  return row;
}
