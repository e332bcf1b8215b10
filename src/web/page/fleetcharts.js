/** The charts of the whole fleet: rate, lateness, the queue, and what sensors measure, by region. */
/** @import { FleetSummary } from '../../fleet/fleet-view.js' */
import { Charts, RATE, SPANS, valueCharts } from './charts.js';
import { byId, create, setText } from './dom.js';
import { allSensors } from './sensors.js';

const BUILT_IN = [
  RATE,
  { metric: 'readings.lateness', title: 'lateness', unit: 'ms' },
  { metric: 'queue.depth', title: 'waiting in the queue' },
];
/** Each loads for itself. */
const MAX_VALUES = 6;

/** @type {Charts} */
let charts;

/** Connects the buttons that select a span of time. */
export function listenToSpan() {
  charts = new Charts(byId('fleet-charts'));
  charts.onSpan = mark;
  for (const span of SPANS) {
    const button = create('button', '', span.name);
    button.setAttribute('type', 'button');
    button.addEventListener('click', () => {
      charts.span = span;
      mark();
    });
    byId('spans').append(button);
  }
  mark();
}

function mark() {
  for (const button of byId('spans').querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.textContent === charts.span.name));
  }
}

/**
 * Adds charts of values that are measured now for the first time.
 * @param {FleetSummary['total']} total
 */
export function showFleetCharts({ rate }) {
  charts.rate = rate;
  const values = valueCharts(allSensors());
  const shown = values.slice(0, MAX_VALUES);
  setText(byId('charts-more'), values.length > shown.length ? `${shown.length} of ${values.length} values` : '');
  charts.show([...shown, ...BUILT_IN], {});
}
