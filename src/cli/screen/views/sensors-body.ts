/** The sensors that the filter lets through; below, the selected one: its configuration with sources, its readings. */
import type { SensorState, SensorView } from '../../../fleet/fleet-view.js';
import { escapeControls } from '../../../lib/control-characters.js';
import { decidingScope, effectiveConfig, scopeText } from '../../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../../protocol/sensor-config.js';
import { type Style, swatch } from '../../output/terminal-text.js';
import { cut } from '../cells.js';
import { columns } from '../columns.js';
import type { ScreenData } from '../screen-data.js';
import { selectedIndex, shownSensors } from '../selection.js';
import { listAndDetail, type Picture } from './picture.js';
import { readingLines } from './readings-body.js';

export function sensorsBody(picture: Picture): string[] {
  const { data, state, style, width, now } = picture;
  const sensors = shownSensors(state, data);
  if (sensors.length === 0) return [style.dim(state.filter === '' ? 'no sensors yet' : 'no sensor matches the filter')];
  const selected = selectedIndex(state, data);
  const sensor = sensors[selected]!;
  return listAndDetail(picture, {
    ...{ list: sensors, selected },
    columnsOf: (rows) => [
      { head: 'region', rank: 1, grows: 6, cells: rows.map(({ region }) => escapeControls(region)) },
      { head: 'host', rank: 1, grows: 10, cells: rows.map(({ hostname }) => escapeControls(hostname)) },
      { head: 'state', rank: 1, cells: rows.map((sensor) => stateText(sensor.state, style)) },
      { head: 'colour', rank: 2, cells: rows.map(({ color }) => swatch(style, escapeControls(color))) },
      { head: 'every', rank: 4, right: true, cells: rows.map(({ config }) => everyText(config?.intervalMs)) },
      { head: 'newest', rank: 3, right: true, cells: rows.map(({ sequence }) => `#${sequence}`) },
      {
        head: 'gaps',
        rank: 3,
        right: true,
        cells: rows.map(({ gaps }) => (gaps > 0 ? style.red(`${gaps}!`) : '0')),
      },
      { head: 'seen', rank: 5, right: true, cells: rows.map((sensor) => agoText(now - sensor.last_seen)) },
    ],
    detail(height) {
      const config = configLines(sensor, data, width, style);
      const left = Math.max(0, height - config.length);
      const own = data.readings.filter(
        (event) => event.event === 'reading' && event.reading.execution_id === sensor.execution_id,
      );
      return [...config.slice(0, height), ...(left > 0 ? readingLines(own.slice(-left), width, style) : [])];
    },
  });
}

const SIGNS: Record<SensorState, string> = { live: '', paused: '', silent: '!', gone: '', replaced: '' };
function stateText(state: SensorState, style: Style): string {
  const text = `${state}${SIGNS[state]}`;
  return state === 'silent' ? style.red(text) : text;
}

const everyText = (ms: number | undefined) => (ms === undefined ? '' : `${ms / 1000} s`);
const agoText = (ms: number) => `${Math.max(0, Math.round(ms / 1000))} s ago`;

/** Each value in force with its source, as the sensor reports it; beside it what is desired and not seen yet. */
function configLines(sensor: SensorView, { desired }: ScreenData, width: number, style: Style): string[] {
  const { config, region, hostname, color, icon_name } = sensor;
  if (!config) return [style.dim('it reports no configuration')];
  const values: Record<SensorConfigField, string> = {
    color: swatch(style, escapeControls(color)),
    emoji: escapeControls(icon_name),
    random_off: '',
    interval: everyText(config.intervalMs),
    paused: config.paused ? 'yes' : 'no',
  };
  const wanted = desired && effectiveConfig(desired, region, hostname);
  const from = (field: SensorConfigField) => {
    if (config.sources[field] !== 'fleet') return config.sources[field];
    const scope = desired && decidingScope(desired, field, sensor);
    return scope === undefined ? 'fleet configuration' : scopeText(scope);
  };
  const rows = columns(
    [
      { head: 'setting', rank: 1, cells: [...SENSOR_CONFIG_FIELDS] },
      { head: 'value', rank: 1, cells: SENSOR_CONFIG_FIELDS.map((field) => values[field]) },
      { head: 'from', rank: 1, grows: 8, cells: SENSOR_CONFIG_FIELDS.map((field) => escapeControls(from(field))) },
      { head: 'desired', rank: 2, cells: SENSOR_CONFIG_FIELDS.map((field) => String(wanted?.[field] ?? '')) },
    ],
    width,
  );
  const file = config.file === 'bad' ? [style.red('its file is bad, and not used')] : [];
  return [style.dim(rows[0]!), ...rows.slice(1), ...file].map((line) => cut(line, width));
}
