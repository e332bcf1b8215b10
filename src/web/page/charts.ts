/** Groups of charts over the same time: of the whole fleet, and of what is selected. */
import type { FleetSummary } from '../../fleet/fleet-view.js';
import type { MeasuredValues } from '../../protocol/measured-values.js';
import type { History } from '../../store/history.js';
import { Chart, type Metric, type Past } from './chart.js';
import { byId, create, setText } from './dom.js';
import { numberText, unitOf } from './format.js';
import { compareRegions } from './regions.js';
import { hashOf, placeQuery, type Selection } from './selection.js';
import { sensorsIn } from './sensors.js';
import { ask } from './session.js';

const TEN_MINUTES = { name: '10 min', ms: 600_000, stepMs: 60_000 };
const HOUR = { name: '1 h', ms: 3_600_000, stepMs: 60_000 };
const DAY = { name: '24 h', ms: 86_400_000, stepMs: 600_000 };
/** How often the charts are loaded again: at most ten times while a step goes on. */
const EVERY_MS = 15_000;
/** Steps below a minute are made from single readings, which the puller does for so many only. */
const FINE = { stepMs: 5_000, waitMs: 1_000, readings: 30_000 };
/** Any sender can name regions, and more can't be told apart. */
const MAX_CURVES = 12;
/** Each loads for itself. */
const MAX_VALUES = 6;
const FURTHEST = 2;

/** Of all charts. */
let span = TEN_MINUTES;
/** Of the whole fleet, in the shortest span; at first not known. */
let readings = Number.POSITIVE_INFINITY;

const RATE: Metric = { metric: 'readings.rate', title: 'readings/s', unit: '', atLeast: 1 };
const LATENESS: Metric = { metric: 'readings.lateness', title: 'lateness', unit: unitOf('readings.lateness') };
const DEPTH: Metric = { metric: 'queue.depth', title: 'waiting in the queue', unit: '', atLeast: 5 };

/** What sensors measure, in the order in which they send it. */
function measuredBy(sensors: { values?: MeasuredValues | undefined }[]): Metric[] {
  const names = new Set(sensors.flatMap(({ values }) => Object.keys(values ?? {})));
  return [...names].map((name) => ({ metric: name, title: name, unit: unitOf(name) }));
}

class Charts {
  readonly #list: HTMLElement;
  #of: Selection = {};
  #charts = new Map<string, Chart>();
  #loads = 0;

  constructor(list: HTMLElement) {
    this.#list = list;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const chart of this.#charts.values()) chart.redraw();
    });
    this.#loadAgain();
  }

  /** Shows these charts, in this order; does nothing where they are shown already. */
  show(metrics: Metric[], of: Selection): void {
    const same = hashOf(of) === hashOf(this.#of);
    if (same && metrics.map(({ metric }) => metric).join() === [...this.#charts.keys()].join()) return;
    const before = this.#charts;
    this.#of = of;
    this.#charts = new Map(metrics.map((one) => [one.metric, (same && before.get(one.metric)) || new Chart(one)]));
    const charts = [...this.#charts.values()];
    for (const chart of before.values()) if (!charts.includes(chart)) chart.end();
    this.#list.replaceChildren(...charts.map(({ node }) => node));
    void this.load();
  }

  /** One after the other: the puller reads the rows of one chart at a time, and stores readings in between. */
  async load(): Promise<void> {
    const load = ++this.#loads;
    for (const [metric, chart] of this.#charts) {
      const { answer, problem } = await this.#loadPast(metric);
      // Something else was asked for meanwhile.
      if (load !== this.#loads) return;
      if (answer) chart.show(align(answer), furthest(metric, this.#of));
      else chart.say(problem);
    }
  }

  async #loadPast(metric: string): ReturnType<typeof ask<History>> {
    // The depth of the queue is kept by minute.
    const fine = span === TEN_MINUTES && readings <= FINE.readings && metric !== DEPTH.metric;
    const step = fine ? FINE.stepMs : span.stepMs;
    // Readings of a short step that has just begun are still on their way.
    const to = fine ? Math.floor((Date.now() - FINE.waitMs) / step) * step : Date.now();
    const query = placeQuery(this.#of);
    const range = { metric, from: to - span.ms, to, step };
    for (const [name, value] of Object.entries(range)) query.set(name, String(value));
    return ask<History>(`history?${query}`);
  }

  #loadAgain(): void {
    setTimeout(
      async () => {
        if (!document.hidden && this.#list.checkVisibility()) await this.load();
        this.#loadAgain();
      },
      Math.max(EVERY_MS, span.stepMs / 10),
    );
  }
}

/** Puts the points of all series on one row of times; steps without readings stay empty. */
function align({ from, to, step, series }: History): Past {
  const times = Array.from({ length: Math.round((to - from) / step) }, (_, i) => from + i * step);
  const sorted = series.sort((a, b) => compareRegions(a.region ?? '', b.region ?? ''));
  const curves = sorted.slice(0, MAX_CURVES).map(({ region, host, points }) => {
    const byTime = new Map(points.map((point) => [point.t, point]));
    return { name: host ?? region ?? '', points: times.map((time) => byTime.get(time)) };
  });
  return { times, curves };
}

/** The sensors whose newest value is the furthest from the middle of all, as links. */
function furthest(metric: string, selection: Selection): Node[] {
  const sensors = sensorsIn(selection).flatMap(({ region, hostname, state, values }) => {
    const value = values?.[metric];
    return state === 'live' && value !== undefined ? [{ region, hostname, value }] : [];
  });
  if (sensors.length <= FURTHEST) return [];
  const middle = sensors.map(({ value }) => value).sort((a, b) => a - b)[sensors.length >> 1] ?? 0;
  const distance = ({ value }: { value: number }) => Math.abs(value - middle);
  const links = sensors
    .sort((a, b) => distance(b) - distance(a))
    .slice(0, FURTHEST)
    .map(({ region, hostname, value }) => {
      const link = create('a', '', hostname);
      link.href = hashOf({ region, host: hostname });
      return create('span', '', link, ` ${numberText(metric, value)}`);
    });
  return [`median ${numberText(metric, middle)}, furthest from it `, ...links].map((part) => create('span', '', part));
}

const fleet = new Charts(byId('fleet-charts'));
const details = new Charts(byId('details-charts'));

export function listenToSpan(): void {
  for (const one of [TEN_MINUTES, HOUR, DAY]) {
    const button = Object.assign(create('button', '', one.name), { type: 'button', ariaPressed: String(one === span) });
    button.addEventListener('click', () => {
      span = one;
      for (const other of byId('spans').querySelectorAll('button')) other.ariaPressed = String(other === button);
      void fleet.load();
      void details.load();
    });
    byId('spans').append(button);
  }
}

/** Adds charts of values that are measured now for the first time. */
export function showFleetCharts({ rate, received }: FleetSummary['total']): void {
  readings = Math.min(received, (rate * TEN_MINUTES.ms) / 1000);
  const values = measuredBy(sensorsIn({}));
  const shown = values.slice(0, MAX_VALUES);
  setText(byId('charts-more'), values.length > shown.length ? `${shown.length} of ${values.length} values` : '');
  fleet.show([...shown, RATE, LATENESS, DEPTH], {});
}

/** The whole fleet has its charts below the regions. */
export function showDetailsCharts(selection: Selection): void {
  byId('details-history').hidden = selection.region === undefined;
  details.show(selection.region === undefined ? [] : [...measuredBy(sensorsIn(selection)), RATE], selection);
}
