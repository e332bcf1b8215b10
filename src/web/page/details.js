/** What is selected, in detail: its newest readings, what it is configured to do and why, its history, its controls. */
/** @import { ReadingEvent } from '../../fleet/fleet-events.js' */
/** @import { FleetSummary, SensorView } from '../../fleet/fleet-view.js' */
/** @import { Selection } from './selection.js' */
import { Charts, RATE, valueCharts } from './charts.js';
import { paint, safeColor } from './color.js';
import { showConfig } from './configuration.js';
import { showControls } from './controls.js';
import { byId, create, setText } from './dom.js';
import { clock, whole } from './format.js';
import { draw } from './frames.js';
import { nameOf, onSelect, select } from './selection.js';
import { allSensors } from './sensors.js';
import { valueTexts } from './values.js';

const READINGS = 8;
const LOAD_EVERY_MS = 5_000;

/** @type {Selection | undefined} */
let shown;
/**
 * The newest first.
 * @type {ReadingEvent[]}
 */
let readings = [];
/** @type {Charts} */
let charts;
let loads = 0;

export function listenToSelection() {
  charts = new Charts(byId('details-charts'));
  onSelect(show);
  byId('details-close').addEventListener('click', () => select(undefined));
  addEventListener('keydown', ({ key, target }) => {
    const typing = /** @type {Element} */ (target).closest('input, select');
    if (key === 'Escape' && shown && !typing) select(undefined);
  });
  setInterval(() => {
    if (shown && !document.hidden) void load();
  }, LOAD_EVERY_MS);
}

/** @param {Selection | undefined} selection */
function show(selection) {
  shown = selection;
  byId('details').hidden = selection === undefined;
  if (selection === undefined) return;
  setText(byId('details-title'), nameOf(selection));
  setText(byId('details-region'), selection.host === undefined ? '' : `in region ${selection.region}`);
  readings = [];
  byId('details-readings').replaceChildren();
  byId('readings-head').replaceChildren();
  byId('details-facts').replaceChildren();
  showConfig(selection, undefined, undefined);
  showCharts(selection);
  void showControls(selection, load);
  void load();
  byId('details').focus({ preventScroll: true });
  // On a narrow screen it is below the fleet.
  byId('details').scrollIntoView({ block: 'nearest' });
}

/**
 * The whole fleet has its charts below the regions.
 * @param {Selection} selection
 */
function showCharts(selection) {
  byId('details-history').hidden = selection.region === undefined;
  const own = allSensors().filter(({ region, hostname }) => matches(selection, region, hostname));
  charts.show(selection.region === undefined ? [] : [...valueCharts(own), RATE], selection);
}

/**
 * @param {Selection} selection
 * @param {string} region
 * @param {string} hostname
 */
const matches = (selection, region, hostname) =>
  (selection.region === undefined || selection.region === region) &&
  (selection.host === undefined || selection.host === hostname);

/** Asks the puller for what readings alone do not tell. */
async function load() {
  const selection = shown;
  if (!selection) return;
  const load = ++loads;
  const { region, host } = selection;
  const query = new URLSearchParams({ ...(region ? { region } : {}), ...(host ? { host } : {}) });
  const [fleet, config] = await Promise.all([
    host === undefined ? undefined : answerOf(fetch(`fleet?${query}`)),
    answerOf(fetch(`fleet/config?${query}`)),
  ]);
  if (load !== loads) return;
  const sensors = /** @type {SensorView[]} */ (fleet?.sensors ?? []).sort((a, b) => b.last_seen - a.last_seen);
  if (fleet && !fleet.error) showFacts(sensors[0]);
  showLast(sensors[0]);
  showConfig(selection, config, sensors[0]);
}

/**
 * What the puller answers: as asked for, or `{ error }`.
 * @param {Promise<Response>} response
 */
const answerOf = (response) =>
  response.then(
    (answer) => answer.json(),
    () => ({ error: { message: 'the puller does not answer' } }),
  );

/**
 * The last reading of a sensor that sends no more.
 * @param {SensorView | undefined} sensor
 */
function showLast(sensor) {
  if (!sensor || readings.length > 0) return;
  const { last_seen, values = {} } = sensor;
  const reading = { ...sensor, values, timestamp: '' };
  readings = [{ event: 'reading', reading, received_at: last_seen, late: false }];
  draw();
}

/** @param {SensorView | undefined} sensor undefined: there is none of this name */
function showFacts(sensor) {
  const facts = sensor
    ? {
        state: sensor.state,
        'last reading': clock(sensor.last_seen),
        'first reading': clock(sensor.first_seen),
        received: whole(sensor.received),
        gaps: whole(sensor.gaps),
        late: whole(sensor.late),
        duplicates: whole(sensor.duplicates),
        restarts: whole(sensor.restarts),
      }
    : { state: 'no sensor of this name has sent a reading' };
  byId('details-facts').replaceChildren(
    ...Object.entries(facts).map(([name, text]) => {
      const fact = create('div', '');
      fact.append(create('dt', '', name), create('dd', '', text));
      return fact;
    }),
  );
}

/**
 * A reading arrived.
 * @param {ReadingEvent} event
 */
export function showInDetails(event) {
  if (!shown || !matches(shown, event.reading.region, event.reading.hostname)) return;
  readings.unshift(event);
  if (readings.length > READINGS) readings.pop();
  draw();
}

/**
 * Values may be measured for the first time.
 * @param {FleetSummary['total']} total
 */
export function showSummaryInDetails({ rate }) {
  charts.rate = rate;
  if (shown) showCharts(shown);
}

/** @type {ReadingEvent[]} */
let drawn = [];

/** See frames.js. */
export function drawDetails() {
  if (drawn[0] === readings[0]) return false;
  drawn = [...readings];
  const names = [...new Set(readings.flatMap(({ reading }) => Object.keys(reading.values ?? {})))];
  const head = ['time', 'icon', ...(shown?.host === undefined ? ['host'] : []), ...names, '#'];
  byId('readings-head').replaceChildren(...head.map((text) => cell('th', text)));
  byId('details-readings').replaceChildren(...readings.map((event) => readingRow(event, names)));
  return false;
}

/**
 * @param {ReadingEvent} event
 * @param {string[]} names of values
 */
function readingRow({ reading, received_at, late }, names) {
  const icon = create('span', 'swatch', reading.icon_name);
  paint(icon, safeColor(reading.color));
  const values = Object.fromEntries(valueTexts(reading.values));
  const row = create('tr', '');
  row.append(
    cell('td', clock(received_at)),
    cell('td', icon),
    ...(shown?.host === undefined ? [cell('td', reading.hostname)] : []),
    ...names.map((name) => cell('td', create('b', '', values[name] ?? ''))),
    cell('td', `${whole(reading.sequence)}${late ? ' late' : ''}`),
  );
  return row;
}

/**
 * @param {'th' | 'td'} tag
 * @param {string | HTMLElement} content
 */
function cell(tag, content) {
  const node = create(tag, '');
  if (tag === 'th') node.setAttribute('scope', 'col');
  node.append(content);
  return node;
}
