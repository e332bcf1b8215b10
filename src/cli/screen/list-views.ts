/** Sensors and services: a list, and below it what belongs to the selected row. */
import type { SensorView } from '../../fleet/fleet-view.js';
import { escapeControls } from '../../lib/control-characters.js';
import { decidingScope, effectiveConfig, scopeText } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../protocol/sensor-config.js';
import { cut } from '../output/cells.js';
import { type Column, table } from '../output/table.js';
import { type Style, swatch } from '../output/terminal-text.js';
import { readingLines } from './event-views.js';
import type { ScreenData } from './screen-data.js';
import { selectedIndex, shownSensors, shownServices } from './selection.js';
import { clockTime, listAndDetail, scrolledTo, type View } from './view.js';

/** Of the selected sensor: its configuration with sources, and its readings. */
export function sensorsView(view: View): string[] {
  const { data, state, style, width, now } = view;
  const rows = shownSensors(state, data);
  const selected = selectedIndex(state, data);
  const sensor = rows[selected];
  if (!sensor) return [style.dim(state.filter === '' ? 'no sensors yet' : 'no sensor matches the filter')];
  const columns: Column<SensorView>[] = [
    { head: 'region', least: 6, of: ({ region }) => escapeControls(region) },
    { head: 'host', least: 10, of: ({ hostname }) => cut(escapeControls(hostname), Math.max(10, width / 4)) },
    { head: 'state', of: (one) => (one.state === 'silent' ? style.red('silent!') : one.state) },
    { head: 'colour', rank: 2, of: ({ color }) => swatch(style, escapeControls(color)) },
    { head: 'every', rank: 4, right: true, of: ({ config }) => everyText(config?.intervalMs) },
    { head: 'newest', rank: 3, right: true, of: ({ sequence }) => `#${sequence}` },
    { head: 'gaps', rank: 3, right: true, of: ({ gaps }) => (gaps > 0 ? style.red(`${gaps}!`) : '0') },
    { head: 'seen', rank: 5, right: true, of: (one) => agoText(now - one.last_seen) },
  ];
  return listAndDetail(view, { rows, selected, columns }, (height) => {
    const config = configLines(sensor, data, width, style).slice(0, height);
    const own = data.readings.filter(
      (event) => event.event === 'reading' && event.reading.execution_id === sensor.execution_id,
    );
    const left = height - config.length;
    return left > 0 ? [...config, ...readingLines(own.slice(-left), width, style)] : config;
  });
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
    return scope === undefined ? 'fleet configuration' : escapeControls(scopeText(scope));
  };
  const lines = table(
    [...SENSOR_CONFIG_FIELDS],
    [
      { head: 'setting', of: (field) => field },
      { head: 'value', of: (field) => values[field] },
      { head: 'from', least: 8, of: from },
      { head: 'desired', rank: 2, optional: true, of: (field) => String(wanted?.[field] ?? '') },
    ],
    { style, width },
  );
  return config.file === 'bad' ? [...lines, style.red('its file is bad, and not used')] : lines;
}

type Service = ScreenData['services'][number];

/** What `up` runs, and the end of the selected one's log. */
export function servicesView(view: View): string[] {
  const { data, state, style, width } = view;
  const rows = shownServices(state, data);
  if (rows.length === 0) {
    const none = data.services.length === 0 ? 'no `up` runs in this folder: its services are not known here' : '';
    return [style.dim(none || 'no service matches the filter')];
  }
  const stateText = ({ pid, stopped }: Service) => {
    if (stopped) return style.red('stopped!');
    return pid === undefined ? '' : 'running';
  };
  const columns: Column<Service>[] = [
    { head: 'service', least: 10, of: ({ name }) => escapeControls(name) },
    { head: 'state', optional: true, of: stateText },
    { head: 'pid', rank: 2, right: true, optional: true, of: ({ pid }) => String(pid ?? '') },
    { head: 'address', rank: 3, optional: true, of: ({ url = '' }) => escapeControls(url) },
  ];
  return listAndDetail(view, { rows, selected: selectedIndex(state, data), columns }, (height) => {
    if (data.log.length === 0) return [style.dim('its log is empty')];
    return scrolledTo(data.log, height, state.scrolled).map(({ time, level, text }) =>
      cut(`${clockTime(time)} ${level.padEnd(5)} ${escapeControls(text)}`, width),
    );
  });
}
