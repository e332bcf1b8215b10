/** The charts of the whole fleet: rate, lateness, the queue, and what sensors measure, by region. */
/** @import { FleetSummary } from '../../fleet/fleet-view.js' */
import { Charts, SPANS } from './charts.js';
import { byId, create, setText } from './dom.js';
import { allSensors } from './sensors.js';

const BUILT_IN = [
  { metric: 'readings.rate', title: 'readings/s' },
  { metric: 'readings.lateness', title: 'lateness', unit: 'ms' },
  { metric: 'queue.depth', title: 'waiting in the queue' },
];
/** Each loads for itself. */
const MAX_VALUES = 6;

/** @type {Charts} */
let charts;
let shown = '';

/** Connects the buttons that select a span of time. */
export function listenToSpan() {
  charts = new Charts(byId('fleet-charts'));
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
  const names = [...new Set(allSensors().flatMap(({ values }) => Object.keys(values ?? {})))].sort();
  const values = names.slice(0, MAX_VALUES).map((name) => ({ metric: name, title: name }));
  setText(byId('charts-more'), names.length > MAX_VALUES ? `${values.length} of ${names.length} values` : '');
  if (byId('fleet-charts').children.length > 0 && names.join() === shown) return;
  shown = names.join();
  charts.show([...values, ...BUILT_IN], {});
}
