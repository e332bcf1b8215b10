/** What is selected, in detail: its newest readings, what it is configured to do and why, its history, its controls. */
import type { ReadingEvent } from '../../fleet/fleet-events.js';
import type { SensorView } from '../../fleet/fleet-view.js';
import type { PlaceConfig } from '../../puller/controls/fleet-controls.js';
import { showDetailsCharts } from './charts.js';
import { paint } from './color.js';
import { showConfig } from './configuration.js';
import { showApplicable, showControls } from './controls.js';
import { byId, create, fill, headCell, setText } from './dom.js';
import { draw } from './draw.js';
import { clock, unitOf, valueTexts, whole, withUnit } from './format.js';
import { isIn, nameOf, onSelect, placeQuery, type Selection, select } from './selection.js';
import { ask } from './session.js';

const READINGS = 8;
const LOAD_EVERY_MS = 5_000;

let shown: Selection | undefined;
/** The newest first. */
let readings: ReadingEvent[] = [];
let loads = 0;

export function listenToSelection(): void {
  onSelect(show);
  byId('details-close').addEventListener('click', () => select(undefined));
  addEventListener('keydown', ({ key, target }) => {
    const elsewhere = target instanceof Element && target.closest('input, select, dialog');
    if (key === 'Escape' && shown && !elsewhere) select(undefined);
  });
  setInterval(() => {
    if (shown && !document.hidden) void load();
  }, LOAD_EVERY_MS);
}

function show(selection: Selection | undefined): void {
  shown = selection;
  byId('details').hidden = selection === undefined;
  if (selection === undefined) return;
  setText(byId('details-title'), nameOf(selection));
  setText(byId('details-region'), selection.host === undefined ? '' : `in region ${selection.region}`);
  readings = [];
  for (const id of ['details-readings', 'readings-head']) byId(id).replaceChildren();
  byId('details-facts').hidden = true;
  showConfig(selection);
  showDetailsCharts(selection);
  void showControls(selection, () => void load());
  void load();
  byId('details').focus({ preventScroll: true });
  // On a narrow screen it is below the fleet.
  byId('details').scrollIntoView({ block: 'nearest' });
}

/** Asks the puller for what readings alone do not tell. */
async function load(): Promise<void> {
  const selection = shown;
  if (!selection) return;
  const load = ++loads;
  const query = placeQuery(selection);
  const [fleet, config] = await Promise.all([
    selection.host === undefined ? undefined : ask<{ sensors: SensorView[] }>(`fleet?${query}`),
    ask<PlaceConfig>(`fleet/config?${query}`),
  ]);
  if (load !== loads) return;
  const [newest] = fleet?.answer?.sensors.sort((a, b) => b.last_seen - a.last_seen) ?? [];
  if (fleet?.answer) showFacts(newest);
  showLast(newest);
  showConfig(selection, config.answer, config.problem, newest);
  showApplicable(config.answer);
}

/** The last reading of a sensor that sends no more. */
function showLast(sensor: SensorView | undefined): void {
  if (!sensor || readings.length > 0) return;
  const reading = { ...sensor, values: sensor.values ?? {}, timestamp: '' };
  readings = [{ event: 'reading', reading, received_at: sensor.last_seen, late: false }];
  draw();
}

const COUNTS = ['received', 'gaps', 'waiting', 'unaccounted', 'late', 'duplicates', 'restarts'] as const;

/** Undefined: there is none of this name. */
function showFacts(sensor: SensorView | undefined): void {
  const state = sensor?.state ?? 'no sensor of this name has sent a reading';
  const [first, last] = sensor ? [clock(sensor.first_seen), clock(sensor.last_seen)] : ['', ''];
  const counts = Object.fromEntries(COUNTS.map((name) => [name, sensor ? whole(sensor[name]) : '']));
  fill(byId('details-facts'), { state, first, last, ...counts });
  byId('details-facts').hidden = false;
}

export function showInDetails(event: ReadingEvent): void {
  if (!shown || !isIn(shown, event.reading)) return;
  readings.unshift(event);
  if (readings.length > READINGS) readings.pop();
  draw();
}

/** Values may be measured for the first time, and states may have changed. */
export function showSummaryInDetails(): void {
  if (!shown) return;
  showDetailsCharts(shown);
  showApplicable();
}

let drawn: ReadingEvent | undefined;

export function drawDetails(): void {
  if (drawn === readings[0]) return;
  drawn = readings[0];
  const names = [...new Set(readings.flatMap(({ reading }) => Object.keys(reading.values ?? {})))];
  const measured = names.map((name) => withUnit(name, unitOf(name)));
  const head = ['time', 'icon', ...(shown?.host === undefined ? ['host'] : []), ...measured, '#'];
  byId('readings-head').replaceChildren(...head.map((text) => headCell('col', text)));
  byId('details-readings').replaceChildren(...readings.map((event) => readingRow(event, names)));
}

/** `names`: of values. */
function readingRow({ reading, received_at, late }: ReadingEvent, names: string[]): HTMLElement {
  const texts = new Map(valueTexts(reading.values).map(({ name, text }) => [name, text]));
  const cells = [
    clock(received_at),
    paint(create('span', 'swatch', reading.icon_name), reading.color),
    ...(shown?.host === undefined ? [reading.hostname] : []),
    ...names.map((name) => create('b', '', texts.get(name) ?? '')),
    `${whole(reading.sequence)}${late ? ' late' : ''}`,
  ];
  return create('tr', '', ...cells.map((content) => create('td', '', content)));
}
