/** A group of charts over the same time: of the whole fleet, or of what is selected. */
/** @import { Past } from './history.js' */
/** @import { MeasuredValues } from '../../protocol/measured-values.js' */
/** @import { Selection } from './selection.js' */
import { Chart } from './chart.js';
import { loadPast } from './history.js';

/** Spans of time, in steps of minutes; `everyMs`: how often they are loaded again. */
export const SPANS = /** @type {const} */ ([
  { name: '10 min', spanMs: 600_000, stepMs: 60_000, everyMs: 15_000 },
  { name: '1 h', spanMs: 3_600_000, stepMs: 60_000, everyMs: 15_000 },
  { name: '24 h', spanMs: 86_400_000, stepMs: 600_000, everyMs: 60_000 },
]);
/** Steps below a minute are made from single readings, which the puller does for so many readings a second only. */
const FINE = { spanMs: 600_000, stepMs: 5_000, readingsPerSecond: 20 };

/** @typedef {(typeof SPANS)[number]} Span */
/** @typedef {{ metric: string, title: string, unit?: string }} Definition */

/** @type {Definition} */
export const RATE = { metric: 'readings.rate', title: 'readings/s' };

/**
 * Charts of what sensors measure.
 * @param {{ values: MeasuredValues | undefined }[]} sensors
 * @returns {Definition[]}
 */
export function valueCharts(sensors) {
  const names = new Set(sensors.flatMap(({ values }) => Object.keys(values ?? {})));
  return [...names].sort().map((name) => ({ metric: name, title: name }));
}

export class Charts {
  #list;
  /** @type {Selection} */
  #of = {};
  /** @type {Span} */
  #span = SPANS[1];
  /** @type {Map<string, Chart>} */
  #charts = new Map();
  #chosen = false;
  #loads = 0;
  /** Called when another span is shown than before. */
  onSpan = () => {};
  /** Readings a second of the whole fleet. */
  rate = 0;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw());
    this.#loadAgain();
  }

  /**
   * Shows these charts, in this order; does nothing where they are shown already.
   * @param {Definition[]} definitions
   * @param {Selection} of
   */
  show(definitions, of) {
    const same = JSON.stringify(of) === JSON.stringify(this.#of);
    if (same && definitions.map(({ metric }) => metric).join() === [...this.#charts.keys()].join()) return;
    const before = same ? this.#charts : new Map();
    this.#of = of;
    const charts = new Map(definitions.map((one) => [one.metric, before.get(one.metric) ?? new Chart(one)]));
    for (const chart of this.#charts.values()) if (![...charts.values()].includes(chart)) chart.end();
    this.#charts = charts;
    this.#list.replaceChildren(...[...this.#charts.values()].map(({ node }) => node));
    void this.load();
  }

  get span() {
    return this.#span;
  }

  /**
   * Somebody has selected it.
   * @param {Span} span
   */
  set span(span) {
    this.#chosen = true;
    this.#span = span;
    void this.load();
  }

  /**
   * A fleet that runs for minutes is a dot in an hour.
   * @param {Past} past
   */
  #chooseSpan({ times, curves }) {
    if (this.#chosen) return;
    const first = times.find((_, i) => curves.some(({ means }) => means[i] !== null));
    const span = first !== undefined && first < Date.now() - SPANS[0].spanMs ? SPANS[1] : SPANS[0];
    if (span === this.#span) return;
    this.#span = span;
    this.onSpan();
    void this.load();
  }

  async load() {
    const load = ++this.#loads;
    const { spanMs, stepMs } = this.#span;
    const fine = spanMs <= FINE.spanMs && this.rate <= FINE.readingsPerSecond;
    const { region, host } = this.#of;
    const place = { ...(region === undefined ? {} : { region }), ...(host === undefined ? {} : { host }) };
    await Promise.all(
      [...this.#charts].map(async ([metric, chart]) => {
        try {
          // The depth of the queue is kept by minute.
          const step = fine && metric !== 'queue.depth' ? FINE.stepMs : stepMs;
          const past = await loadPast({ metric, ...place, spanMs, stepMs: step });
          // Something else was asked for meanwhile.
          if (load !== this.#loads) return;
          chart.show(past);
          if (metric === RATE.metric) this.#chooseSpan(past);
        } catch (error) {
          if (load === this.#loads) chart.say(error instanceof Error ? error.message : String(error));
        }
      }),
    );
  }

  #redraw() {
    for (const chart of this.#charts.values()) chart.redraw();
  }

  #loadAgain() {
    setTimeout(async () => {
      if (!document.hidden && this.#list.checkVisibility()) await this.load();
      this.#loadAgain();
    }, this.#span.everyMs);
  }
}
