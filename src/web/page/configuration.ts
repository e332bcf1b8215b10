/** What the selection is configured to do, and where each value comes from; as `config show` prints it. */
import type { SensorView } from '../../fleet/fleet-view.js';
import type { Scope } from '../../protocol/desired-config.js';
import type { SensorConfig, SensorConfigField } from '../../protocol/sensor-config.js';
import type { PlaceConfig } from '../../puller/controls/fleet-controls.js';
import { byId, create, headCell, setText } from './dom.js';
import type { Selection } from './selection.js';
import { sensorsIn } from './sensors.js';

/** In the order of the commands, with their names for people. */
const NAMES = { color: 'colour', emoji: 'icon', random_off: 'random off', interval: 'interval', paused: 'paused' };
export const FIELDS = ['color', 'emoji', 'random_off', 'interval', 'paused'] as const;
const MAX_PENDING = 5;

export const fieldName = (field: SensorConfigField): string => NAMES[field];

/** What a sensor reports; `desired` and `scopes` are empty where the proxies are not known. */
type Reported = Pick<PlaceConfig['sensors'][number], 'color' | 'icon_name' | 'reported' | 'scopes'> & {
  desired: SensorConfig;
};
type Row = [name: string, value: string, source: string];

/** `config`: undefined while it is not known. `view`: the sensor that is selected, where it is one. */
export function showConfig(selection: Selection, config?: PlaceConfig, problem = '', view?: SensorView): void {
  setText(byId('config-problem'), problem);
  const isBehind = config !== undefined && config.convergence.converged < config.convergence.sensors;
  setText(byId('config-seen'), config && (isBehind || selection.host === undefined) ? seenText(config, selection) : '');
  const alone = view && { ...view, reported: view.config ?? null, desired: {}, scopes: {} };
  const rows = selection.host === undefined ? placeRows(config) : sensorRows(config?.sensors[0] ?? alone);
  byId('config-rows').replaceChildren(
    ...rows.map(([name, value, source]) =>
      create('tr', '', headCell('row', name), create('td', '', value), create('td', 'dim', source)),
    ),
  );
}

/** Silent sensors count as they were when they sent last. */
function seenText({ convergence, lost }: PlaceConfig, selection: Selection): string {
  const { sensors, converged, pending } = convergence;
  if (lost !== undefined) return 'The proxy has lost the configuration that sensors still have.';
  if (sensors === 0) return '';
  const silent = sensorsIn(selection).filter(({ state }) => state === 'silent').length;
  const heard = silent === 0 ? '' : ` when they sent last; ${silent >= sensors ? 'all' : silent} are silent now`;
  const names = pending.slice(0, MAX_PENDING).map(({ hostname, state }) => `${hostname} (${state})`);
  const waiting = names.length > 0 ? `; not yet: ${names.join(', ')}${pending.length > MAX_PENDING ? ' …' : ''}` : '';
  return `${converged}/${sensors} sensors converged${heard}${waiting}`;
}

/** Of one sensor: what it does. It does not report the value that a flag or its file sets for `random_off`. */
function sensorRows(sensor: Reported | undefined): Row[] {
  if (!sensor?.reported) return [];
  const { reported, desired, scopes, color, icon_name } = sensor;
  const values = {
    color: color.toLowerCase(),
    emoji: icon_name,
    random_off: reported.sources.random_off === 'default' ? 'no' : yesNo(desired.random_off),
    interval: `${reported.intervalMs / 1000} s`,
    paused: yesNo(reported.paused),
  };
  return FIELDS.map((field) => [NAMES[field], values[field], scopes[field] ?? reported.sources[field]]);
}

/** Of many: what is set for all of them, and else what they have in common. */
function placeRows(config: PlaceConfig | undefined): Row[] {
  if (!config) return [];
  const { scopes, alike, sensors } = config;
  const common = sensorRows(sensors[0]);
  return FIELDS.map((field, i) => {
    const deciding = scopes.findLast(({ config }) => config?.[field] !== undefined);
    if (deciding?.config) return [NAMES[field], valueText(field, deciding.config), scopeText(deciding.scope)];
    return (alike.includes(field) && common[i]) || [NAMES[field], '–', 'each sensor its own'];
  });
}

const yesNo = (value: boolean | undefined) => (value === undefined ? '?' : value ? 'yes' : 'no');

function valueText(field: SensorConfigField, config: SensorConfig): string {
  const value = config[field];
  if (typeof value === 'boolean') return yesNo(value);
  if (field === 'interval') return `${value} s`;
  return value === -1 ? 'random' : String(value);
}

export const scopeText = (scope: Scope): string =>
  'hostname' in scope ? `host ${scope.hostname}` : 'region' in scope ? `region ${scope.region}` : 'fleet';
