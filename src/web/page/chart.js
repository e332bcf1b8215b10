/** One metric over time: a curve for each region with a crosshair, its values in words, and the same as a table. */
/** @import { Curve, Past } from './history.js' */
import { create, fill, find, resize, setText, stamp } from './dom.js';
import uPlot from './uplot.js';

const HEIGHT = 140;
/** All charts show the same time at the crosshair. */
const SYNC = 'time';
/** Colours that can be told apart; more curves begin anew. */
const COLORS = 8;
const TABLE_ROWS = 60;

const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 5 });

/** @param {number | null | undefined} value */
const numberText = (value) => (value === null || value === undefined ? '–' : numbers.format(value));

export class Chart {
  #plot;
  #legend;
  #title;
  #unit;
  /** @type {Past} */
  #past = { times: [], curves: [] };
  /** @type {uPlot | undefined} */
  #chart;
  /** Which curves the chart was made for. */
  #shape = '';
  #resizes = new ResizeObserver(() => this.#resize());

  /** @param {{ title: string, unit?: string }} about */
  constructor({ title, unit = '' }) {
    this.#title = title;
    this.#unit = unit;
    this.node = stamp('chart-template');
    fill(this.node, { title: unit === '' ? title : `${title}, ${unit}` });
    this.#plot = find(this.node, '.plot');
    this.#legend = find(this.node, '.legend');
    find(this.node, 'details').addEventListener('toggle', () => this.#showTable());
    this.#resizes.observe(this.#plot);
  }

  /** @param {Past} past */
  show(past) {
    this.#past = past;
    if (shapeOf(past) !== this.#shape || !this.#chart) this.#create();
    this.#chart?.setData(dataOf(past));
    this.#showLegend(undefined);
    this.#describe();
    this.#showTable();
  }

  /**
   * Instead of a chart.
   * @param {string} text
   */
  say(text) {
    setText(find(this.node, '.said'), text);
  }

  /** It is no longer shown. */
  end() {
    this.#resizes.disconnect();
    this.#chart?.destroy();
  }

  redraw() {
    this.#chart?.redraw();
  }

  #create() {
    this.#shape = shapeOf(this.#past);
    this.#chart?.destroy();
    const { curves } = this.#past;
    resize(this.#legend, curves.length, () => legendItem());
    for (const [i, item] of [...this.#legend.children].entries()) item.className = `curve-${i % COLORS}`;
    const width = this.#plot.clientWidth;
    this.#chart = width === 0 ? undefined : new uPlot(this.#options(width), dataOf(this.#past), this.#plot);
  }

  /**
   * @param {number} width
   * @returns {uPlot.Options}
   */
  #options(width) {
    const { curves } = this.#past;
    const ink = () => getComputedStyle(this.#plot).color;
    const line = () => getComputedStyle(this.#plot).borderTopColor;
    const axis = { stroke: ink, font: '11px system-ui', grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const colorOf = (/** @type {number} */ i) => () => getComputedStyle(this.#legend.children[i] ?? this.#plot).color;
    const single = curves.length === 1;
    const lines = curves.map((_, i) => ({ stroke: colorOf(i), width: 1.75, points: { size: 4 } }));
    const edge = { stroke: 'transparent', points: { show: false } };
    return {
      ...{ width, height: HEIGHT, ms: 1, legend: { show: false } },
      cursor: { sync: { key: SYNC }, y: false, drag: { x: false, y: false } },
      scales: { y: { range: rangeOf } },
      axes: [
        { ...axis, size: 26, space: 64, values: (_, times) => times.map((time) => clockText(time, this.#spanMs)) },
        { ...axis, size: 50, values: (_, values) => values.map((value) => short.format(value)) },
      ],
      series: [{}, ...lines, ...(single ? [edge, edge] : [])],
      // From the lowest to the highest value of each step.
      ...(single ? { bands: [{ series: [3, 2], fill: () => withAlpha(colorOf(0)()) }] } : {}),
      hooks: { setCursor: [({ cursor }) => this.#showLegend(cursor.idx ?? undefined)] },
    };
  }

  get #spanMs() {
    const { times } = this.#past;
    return (times.at(-1) ?? 0) - (times[0] ?? 0);
  }

  #resize() {
    const width = this.#plot.clientWidth;
    if (width === 0) return;
    if (!this.#chart) this.#create();
    else if (this.#chart.width !== width) this.#chart.setSize({ width, height: HEIGHT });
  }

  /**
   * The values at the crosshair; without one the newest.
   * @param {number | undefined} index
   */
  #showLegend(index) {
    const { times, curves } = this.#past;
    const at = index === undefined ? undefined : times[index];
    setText(find(this.node, '.at'), at === undefined ? '' : clockText(at, this.#spanMs));
    for (const [i, curve] of curves.entries()) {
      const item = this.#legend.children[i];
      if (item) fill(/** @type {HTMLElement} */ (item), { name: curve.name, value: valueAt(curve, index) });
    }
  }

  #describe() {
    const { curves } = this.#past;
    const sentences = curves.flatMap((curve) => {
      const lows = known(curve.lows);
      if (lows.length === 0) return [];
      const range = `from ${numberText(Math.min(...lows))} to ${numberText(Math.max(...known(curve.highs)))}`;
      return [`${curve.name || 'now'} ${valueAt(curve, undefined)}, ${range}`];
    });
    const unit = this.#unit === '' ? '' : ` in ${this.#unit}`;
    this.#plot.setAttribute('aria-label', `${this.#title}${unit}: ${sentences.join('; ') || 'nothing yet'}`);
    this.say(sentences.length === 0 ? 'nothing yet' : '');
  }

  /** Only while it is open. */
  #showTable() {
    const details = /** @type {HTMLDetailsElement} */ (find(this.node, 'details'));
    if (!details.open) return;
    const { times, curves } = this.#past;
    const head = ['time', ...curves.map(({ name }) => name || this.#title)].map((text) => cell('th', text, 'col'));
    find(details, 'thead').replaceChildren(row(head));
    const filled = times.flatMap((time, i) => (curves.some(({ means }) => means[i] !== null) ? [{ time, i }] : []));
    const rows = filled.slice(-TABLE_ROWS).reverse();
    find(details, 'tbody').replaceChildren(
      ...rows.map(({ time, i }) =>
        row([
          cell('th', clockText(time, this.#spanMs), 'row'),
          ...curves.map(({ means }) => cell('td', numberText(means[i]))),
        ]),
      ),
    );
  }
}

/** @param {Past} past */
const shapeOf = ({ curves }) => JSON.stringify(curves.map(({ name }) => name));

function legendItem() {
  const item = create('li', '');
  for (const field of ['name', 'value']) {
    const place = create(field === 'name' ? 'span' : 'b', '');
    place.dataset.f = field;
    item.append(place);
  }
  return item;
}

/**
 * @param {Past} past
 * @returns {uPlot.AlignedData}
 */
function dataOf({ times, curves }) {
  const [single] = curves;
  const edges = single && curves.length === 1 ? [single.lows, single.highs] : [];
  return [times, ...curves.map(({ means }) => means), ...edges];
}

/**
 * Some room around what is there; a flat curve is in the middle.
 * @param {uPlot} _
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
function rangeOf(_, low, high) {
  if (low === null || high === null) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

/**
 * @param {Curve} curve
 * @param {number | undefined} index undefined: the newest
 */
const valueAt = ({ means }, index) => numberText(index === undefined ? known(means).at(-1) : means[index]);

/** @param {(number | null)[]} values */
const known = (values) => values.filter((value) => value !== null);

/**
 * @param {number} time Unix milliseconds
 * @param {number} spanMs of the whole chart
 */
function clockText(time, spanMs) {
  const seconds = spanMs < 1_200_000 ? /** @type {const} */ ({ second: '2-digit' }) : {};
  return new Date(time).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...seconds });
}

/** @param {string} color as browsers compute it: `rgb(1, 2, 3)` */
const withAlpha = (color) => color.replace('rgb(', 'rgba(').replace(')', ', 0.15)');

/** @param {HTMLElement[]} cells */
function row(cells) {
  const node = create('tr', '');
  node.append(...cells);
  return node;
}

/**
 * @param {'th' | 'td'} tag
 * @param {string} text
 * @param {string} [scope]
 */
function cell(tag, text, scope) {
  const node = create(tag, '', text);
  if (scope) node.setAttribute('scope', scope);
  return node;
}
