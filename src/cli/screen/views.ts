/** The views of the screen: what each lists, and what it shows of the selected row. */
import type { MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js';
import type { SensorView } from '../../fleet/fleet-view.js';
import { escapeControls } from '../../lib/control-characters.js';
import { valueSource } from '../../operations/config/read-config.js';
import { effectiveConfig } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../protocol/sensor-config.js';
import { cut, wrapped } from '../output/cells.js';
import { reportedValues } from '../output/config-text.js';
import { type RegionRow, regionColumns, relayLines, valueTexts } from '../output/fleet-text.js';
import { missingLines, pullerLines } from '../output/shards-text.js';
import { type Column, table } from '../output/table.js';
import { swatch } from '../output/terminal-text.js';
import { NO_SENSORS_YET } from '../output/up-text.js';
import { list, matching, type Picture } from './list.js';
import type { ScreenData } from './screen-data.js';
import type { ScreenState } from './screen-state.js';

/** `12:03:04`, in the time zone of this machine. */
export const clockTime = (ms: number): string => new Date(ms).toTimeString().slice(0, 8);

/** Of those that keep readings. */
const RELAYS_SHOWN = 3;

const fleet = list<RegionRow>('fleet', {
  rows: ({ summary }, matches) =>
    summary && summary.regions.length > 0
      ? [...summary.regions.filter(({ region }) => matches(region)), summary.total]
      : [],
  key: ({ region }) => region,
  fromEnd: true,
  none: ({ summary, progress }) => (summary && progress === '' ? NO_SENSORS_YET : 'no readings yet'),
  columns({ data, style, width }) {
    // Each bar is a second.
    const seconds = width < 60 ? 8 : width < 100 ? 16 : 30;
    const bars = ({ region = '' }: RegionRow) => style.cyan(sparkline(data.rates.get(region) ?? [], seconds));
    return regionColumns(data.summary?.total, style, '/s', [{ head: 'rate', rank: 2, of: bars }]);
  },
  above({ data: { summary, stats }, style, width }) {
    const shown = (summary?.relays ?? []).filter(({ backlog, away }) => backlog > 0 || away).slice(0, RELAYS_SHOWN);
    return [
      ...missingLines(summary?.missing).map((line) => style.red(line)),
      ...pullerLines(stats ?? {}, 'this puller', style).map((line) => `puller ${line}`),
      ...relayLines(shown, summary?.time ?? 0, style).map((line) => `relay ${line}`),
    ].map((line) => cut(line, width));
  },
  target: ({ region }) => ({ scope: region === undefined ? {} : { region }, region }),
  detail(picture, { region }, height) {
    const matches = matching(picture.state.filter);
    return newestReadings(picture, height, (one) => one.region === region || (!region && matches(one.region)));
  },
});

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** The newest values as bars of one cell, the last at the right end; the highest is a full bar. */
export function sparkline(values: number[], width: number): string {
  const shown = values.slice(-width);
  const highest = Math.max(...shown, 0);
  const bars = shown.map((value) => (value > 0 ? BARS[Math.ceil((value / highest) * (BARS.length - 1))] : BARS[0]));
  return bars.join('').padStart(width);
}

const sensors = list<SensorView>('sensors', {
  rows: (data, matches) =>
    data.sensors.filter((one) => matches(one.region, one.hostname, one.state, one.color, one.execution_id)),
  key: ({ execution_id }) => execution_id,
  none: ({ summary }) => (summary?.total.live ? 'asking for the sensors' : 'no sensors yet'),
  columns: ({ style, width, now }) => [
    { head: 'region', least: 6, of: ({ region }) => escapeControls(region) },
    { head: 'host', least: 10, of: ({ hostname }) => cut(escapeControls(hostname), Math.max(10, width / 4)) },
    { head: 'state', of: ({ state }) => (state === 'silent' ? style.red('silent!') : state) },
    { head: 'colour', rank: 2, of: ({ color }) => swatch(style, escapeControls(color)) },
    { head: 'every', rank: 4, right: true, of: (one) => reportedValues(one, style).interval },
    { head: 'newest', rank: 3, right: true, of: ({ sequence }) => `#${sequence}` },
    { head: 'gaps', rank: 3, right: true, of: ({ gaps }) => (gaps > 0 ? style.red(`${gaps}!`) : '0') },
    { head: 'seen', rank: 5, right: true, of: ({ last_seen }) => `${Math.round((now - last_seen) / 1000)} s ago` },
  ],
  target: ({ hostname, region }) => ({ scope: { hostname }, region }),
  detail(picture, sensor, height) {
    const config = configLines(picture, sensor).slice(0, height);
    const left = height - config.length;
    return [...config, ...newestReadings(picture, left, (one) => one.execution_id === sensor.execution_id)];
  },
});

/** Each value in force with its source, as the sensor reports it; beside it what is desired and not seen yet. */
function configLines({ data: { desired }, width, style }: Picture, sensor: SensorView): string[] {
  const { config, region, hostname } = sensor;
  if (!config) return [style.dim('it reports no configuration')];
  const values = reportedValues(sensor, style);
  const wanted = desired && effectiveConfig(desired, region, hostname);
  const from = (field: SensorConfigField) =>
    desired ? escapeControls(valueSource(desired, sensor, field)) : config.sources[field];
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

type Received = ReadingEvent | MessageEvent;

const readings = list<Received>('readings', {
  rows: (data, matches) =>
    data.readings.filter((event) => {
      if (event.event === 'message') return matches(JSON.stringify(event.message));
      const { region, hostname, color, execution_id } = event.reading;
      return matches(region, hostname, color, execution_id);
    }),
  key: (event) => event,
  fromEnd: true,
  none: () => 'no readings yet',
  columns: (picture) => readingColumns(picture),
});

function readingColumns({ style }: Picture): Column<Received>[] {
  const of = (text: (event: ReadingEvent) => string) => (event: Received) =>
    event.event === 'reading' ? escapeControls(text(event)) : '';
  const colorOf = of(({ reading }) => reading.color);
  const contentOf = (event: Received) =>
    event.event === 'reading' ? valueTexts(event.reading.values).join(' ') : JSON.stringify(event.message);
  return [
    { head: 'time', of: ({ received_at }) => style.dim(clockTime(received_at)) },
    { head: 'region', least: 2, optional: true, of: of(({ reading }) => reading.region) },
    { head: 'host', least: 9, optional: true, of: of(({ reading }) => reading.hostname) },
    { head: '', least: 2, optional: true, of: of(({ reading }) => reading.icon_name) },
    { head: 'colour', rank: 2, optional: true, of: (event) => swatch(style, colorOf(event)) },
    { head: 'number', rank: 3, right: true, optional: true, of: of(({ reading }) => `#${reading.sequence}`) },
    { head: '', optional: true, of: (event) => (event.event === 'reading' && event.late ? style.yellow('late') : '') },
    { head: 'values', rank: 1, least: 8, optional: true, of: (event) => escapeControls(contentOf(event)) },
  ];
}

function newestReadings(picture: Picture, height: number, isShown: (reading: ReadingEvent['reading']) => boolean) {
  const { data, style, width } = picture;
  const own = data.readings.filter((event) => event.event === 'reading' && isShown(event.reading));
  if (height < 2 || own.length === 0) return [];
  return table(own.slice(1 - height), readingColumns(picture), { style, width });
}

const alerts = list<ScreenData['happened'][number]>('alerts', {
  rows: ({ happened }, matches) => happened.filter(({ text }) => matches(text)),
  key: (row) => row,
  fromEnd: true,
  none: () => 'nothing happened yet',
  columns: () => [
    { head: 'time', of: ({ at }) => clockTime(at) },
    { head: '', of: ({ kind }) => kind },
    { head: 'what happened', least: 8, of: ({ text }) => escapeControls(text) },
  ],
  above({ data, style, width, rows }) {
    const firing = [...data.firing.values()].map((alert) =>
      style.red(cut(escapeControls(`ALERT ${clockTime(alert.at)} ${alert.text}`), width)),
    );
    const most = Math.floor(rows / 3);
    const more = firing.length > most ? [style.red(`… ${firing.length - most + 1} more`)] : [];
    const summary = [...firing.slice(0, most - more.length), ...more];
    return [...(firing.length > 0 ? summary : [style.green('no alert is firing')]), ''];
  },
  detail({ width }, { text }, height) {
    const lines = wrapped(escapeControls(text), width, 0).split('\n');
    // What is cut off is marked.
    return lines.length > height ? [...lines.slice(0, height - 1), cut(`${lines[height - 1]} …`, width)] : lines;
  },
});

/** In the order of their keys. */
export const VIEW_NAMES = ['fleet', 'sensors', 'readings', 'alerts'] as const;
export type ViewName = (typeof VIEW_NAMES)[number];
export const VIEWS: Record<ViewName, ReturnType<typeof list>> = { fleet, sensors, readings, alerts };

export const targetOf = (state: ScreenState, data: ScreenData) => VIEWS[state.view].targetIn(data, state);
