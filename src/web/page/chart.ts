/** One metric over time: a curve for each region with a crosshair, its values in words, and the same as a table. */
import type { HistoryPoint } from '../../store/history.js';
import { create, fill, find, headCell, setText, stamp } from './dom.js';
import { axisRange, decimalText, numberText } from './format.js';
import uPlot from './uplot.js';

const HEIGHT = 140;
/** All charts show the same time at the crosshair. */
const SYNC = 'time';
/** Colours that can be told apart; more curves begin anew. */
const COLORS = 8;
const TABLE_ROWS = 60;

const compact = new Intl.NumberFormat('en', { notation: 'compact' });

export interface Metric {
  metric: string;
  title: string;
  unit: string;
  /** A rate or a count: its axis goes from 0 to this at least. */
  atLeast?: number;
}

/** Steps of the same time, and one or several curves over them; undefined: nothing was received in a step. */
export interface Past {
  /** Unix milliseconds, the beginning of each step. */
  times: number[];
  curves: { name: string; points: (HistoryPoint | undefined)[] }[];
}

export class Chart {
  readonly node = stamp('chart-template');
  readonly #plot = find(this.node, '.plot');
  readonly #legend = find(this.node, '.legend');
  readonly #details = find(this.node, 'details', HTMLDetailsElement);
  readonly #about: Metric;
  readonly #resizes = new ResizeObserver(() => this.#resize());
  #past: Past = { times: [], curves: [] };
  #chart: uPlot | undefined;

  constructor(about: Metric) {
    this.#about = about;
    const { title, unit } = about;
    fill(this.node, { title: unit === '' ? title : `${title}, ${unit}` });
    this.#details.addEventListener('toggle', () => this.#showTable());
    this.#resizes.observe(this.#plot);
  }

  show(past: Past, beside: Node[]): void {
    const same = namesOf(past) === namesOf(this.#past);
    this.#past = past;
    if (!same || !this.#chart) this.#create();
    this.#chart?.setData(dataOf(past));
    this.#showLegend(undefined);
    this.#describe();
    this.#showTable();
    find(this.node, '.beside').replaceChildren(...beside);
  }

  /** Instead of a chart. */
  say(text: string): void {
    setText(find(this.node, '.said'), text);
  }

  end(): void {
    this.#resizes.disconnect();
    this.#chart?.destroy();
  }

  redraw(): void {
    this.#chart?.redraw();
  }

  #create(): void {
    this.#chart?.destroy();
    const items = this.#past.curves.map((curve, i) =>
      create('li', `curve-${i % COLORS}`, create('span', '', curve.name), create('b'), create('span', 'dim')),
    );
    this.#legend.replaceChildren(...items);
    const width = this.#plot.clientWidth;
    this.#chart = width === 0 ? undefined : new uPlot(this.#options(width), dataOf(this.#past), this.#plot);
  }

  /** The series are the time, the mean of each curve, and then its lowest and highest values, with a band between them. */
  #options(width: number): uPlot.Options {
    const { curves } = this.#past;
    const ink = () => getComputedStyle(this.#plot).color;
    const line = () => getComputedStyle(this.#plot).borderTopColor;
    const axis = {
      stroke: ink,
      font: '11px system-ui',
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
      space: 22,
    };
    const colorOf = (i: number) => () => getComputedStyle(this.#legend.children[i] ?? this.#plot).color;
    const edge = { stroke: 'transparent', points: { show: false } };
    return {
      width,
      height: HEIGHT,
      ms: 1,
      legend: { show: false },
      cursor: { sync: { key: SYNC }, y: false, drag: { x: false, y: false } },
      scales: { y: { range: (_, low, high) => axisRange(low, high, this.#about.atLeast) } },
      axes: [
        { ...axis, size: 26, space: 64, values: (_, times) => times.map((time) => clockText(time, this.#spanMs)) },
        { ...axis, size: 50, values: (_, values, __, ___, step) => values.map((value) => axisText(value, step)) },
      ],
      series: [
        {},
        ...curves.map((_, i) => ({ stroke: colorOf(i), width: 1.75, points: { size: 4 } })),
        ...curves.flatMap(() => [edge, edge]),
      ],
      bands: curves.map((_, i) => {
        const low = 1 + curves.length + 2 * i;
        return { series: [low + 1, low], fill: () => withAlpha(colorOf(i)()) };
      }),
      hooks: { setCursor: [({ cursor }) => this.#showLegend(cursor.idx ?? undefined)] },
    };
  }

  get #spanMs(): number {
    const { times } = this.#past;
    return (times.at(-1) ?? 0) - (times[0] ?? 0);
  }

  #resize(): void {
    const width = this.#plot.clientWidth;
    if (width === 0) return;
    if (!this.#chart) this.#create();
    else if (this.#chart.width !== width) this.#chart.setSize({ width, height: HEIGHT });
  }

  /** The values at the crosshair; without one the newest mean, and the range of all. */
  #showLegend(index: number | undefined): void {
    const { times, curves } = this.#past;
    const at = index === undefined ? undefined : times[index];
    setText(find(this.node, '.at'), at === undefined ? 'newest mean, low–high' : clockText(at, this.#spanMs));
    for (const [i, { points }] of curves.entries()) {
      const [, mean, range] = this.#legend.children[i]?.children ?? [];
      const texts = this.#textsOf(index === undefined ? points : [points[index]]);
      if (mean) setText(mean, texts.mean);
      if (range) setText(range, texts.range);
    }
  }

  /** The newest mean, and from the lowest to the highest value where they differ. */
  #textsOf(points: (HistoryPoint | undefined)[]): { mean: string; range: string } {
    const known = points.filter((point) => point !== undefined);
    const text = (value: number) => numberText(this.#about.metric, value);
    const newest = known.at(-1);
    if (!newest) return { mean: '–', range: '' };
    const low = text(Math.min(...known.map(({ min }) => min)));
    const high = text(Math.max(...known.map(({ max }) => max)));
    return { mean: text(newest.mean), range: low === high ? '' : `${low}–${high}` };
  }

  #describe(): void {
    const { title, unit } = this.#about;
    const sentences = this.#past.curves.map(({ name, points }) => {
      const { mean, range } = this.#textsOf(points);
      return `${name || 'now'} ${mean}${range && `, from ${range.replace('–', ' to ')}`}`;
    });
    const head = unit === '' ? title : `${title} in ${unit}`;
    this.#plot.ariaLabel = `${head}: ${sentences.join('; ') || 'nothing yet'}`;
    this.say(sentences.length === 0 ? 'nothing yet' : '');
  }

  /** Only while it is open. */
  #showTable(): void {
    if (!this.#details.open) return;
    const { times, curves } = this.#past;
    const head = ['time', ...curves.map(({ name }) => name || this.#about.title)];
    find(this.#details, 'thead').replaceChildren(create('tr', '', ...head.map((text) => headCell('col', text))));
    const rows = times.flatMap((time, i) => {
      if (curves.every(({ points }) => points[i] === undefined)) return [];
      const cells = curves.map(({ points }) => {
        const { mean, range } = this.#textsOf([points[i]]);
        return create('td', '', `${mean} `, create('span', 'dim', range));
      });
      return [create('tr', '', headCell('row', clockText(time, this.#spanMs)), ...cells)];
    });
    find(this.#details, 'tbody').replaceChildren(...rows.slice(-TABLE_ROWS).reverse());
  }
}

const namesOf = ({ curves }: Past) => JSON.stringify(curves.map(({ name }) => name));

const dataOf = ({ times, curves }: Past): uPlot.AlignedData => {
  const rows = (field: 'mean' | 'min' | 'max') =>
    curves.map(({ points }) => points.map((point) => point?.[field] ?? null));
  const [lows, highs] = [rows('min'), rows('max')];
  return [times, ...rows('mean'), ...lows.flatMap((low, i) => [low, highs[i] ?? []])];
};

/** All values of an axis have the decimals of its step. */
const axisText = (value: number, step: number): string =>
  Math.abs(value) < 100_000 ? decimalText(value, String(step).split('.')[1]?.length ?? 0) : compact.format(value);

/** `spanMs`: of the whole chart. */
function clockText(time: number, spanMs: number): string {
  const seconds = spanMs < 1_200_000 ? ({ second: '2-digit' } as const) : {};
  return new Date(time).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...seconds });
}

/** A colour as browsers compute it: `rgb(1, 2, 3)`. */
const withAlpha = (color: string) => color.replace('rgb(', 'rgba(').replace(')', ', 0.15)');
