/**
 * A metric over time as a chart for a terminal of any size: a line through the means of each series, and at each point a
 * paler bar from the lowest to the highest reading, so that one sensor of a region that measures something else can be seen. A library for
 * this (asciichart, simple-ascii-chart) has a column for each point and one value in it: no time axis, gaps or extremes.
 */
import { durationText } from '../../../lib/time/time-text.js';
import type { History, HistoryPoint } from '../../../store/history.js';
import { asciiOnly } from '../cells.js';
import { inOrder, valueText } from '../history-text.js';
import { table } from '../table.js';
import type { Style } from '../terminal-text.js';
import { Canvas, markOf } from './canvas.js';
import { localTime, timeTicks, type ValueScale, valueScale } from './ticks.js';

export type ChartSize = Record<'columns' | 'rows', number>;

/** `unicode`: the terminal shows characters beyond ASCII. */
export type ChartOptions = ChartSize & { style: Style; unicode: boolean };
type NamedSeries = { name: string; points: HistoryPoint[] };

const COLORS = ['cyan', 'yellow', 'magenta', 'green', 'blue', 'whiteBright'] as const;
/** Room for a label of the time axis. */
const LABEL = 10;
const LEAST_ROWS = 3;
const DIGITS = 4;

/** At most `rows` lines of at most `columns` cells, unless that is less than any chart needs. */
export function chartText(history: History, options: ChartOptions): string {
  const { columns, rows, style, unicode } = options;
  const all = inOrder(history).map(({ region, host, points }) => ({ name: host ?? region ?? history.metric, points }));
  const braille = unicode && (style.level > 0 || all.length === 1);
  const legend = legendLines(all, options, braille, Math.max(1, Math.floor(rows / 3)));
  const height = Math.max(LEAST_ROWS, rows - legend.length - 3);
  const points = all.flatMap((one) => one.points);
  const least = points.reduce((one, { min }) => Math.min(one, min), Number.POSITIVE_INFINITY);
  const most = points.reduce((one, { max }) => Math.max(one, max), Number.NEGATIVE_INFINITY);
  const scale = valueScale(least, most, Math.max(2, Math.floor(height / 3)));
  const margin = Math.max(...scale.ticks.map(({ label }) => label.length));
  const width = Math.max(10, columns - margin - 2);
  const canvas = new Canvas(width, height, braille);
  draw(canvas, all, scale, history);
  const paint = (text: string, series: number, strong: boolean) => {
    const painted = colorOf(style, series)(text);
    return strong ? painted : style.dim(painted);
  };
  const ticks = new Map(scale.ticks.map(({ at, label }) => [Math.round(part(at, scale) * (height - 1)), label]));
  const lines = Array.from({ length: height }, (_, row) => {
    const label = ticks.get(height - 1 - row);
    const axis = label === undefined ? '│' : '┤';
    return style.dim(`${(label ?? '').padStart(margin)} ${axis}`) + canvas.line(row, paint).trimEnd();
  });
  const text = [title(history, options), ...lines, ...timeAxis(history, margin + 1, width, style), ...legend].join(
    '\n',
  );
  return unicode ? text : asciiOnly(text);
}

const part = (value: number, { low, high }: ValueScale) => (value - low) / (high - low);
const colorOf = (style: Style, series: number) => style[COLORS[series % COLORS.length]!];

function draw(canvas: Canvas, all: NamedSeries[], scale: ValueScale, { from, to, step }: History): void {
  const place = (t: number, value: number) => ({
    x: Math.floor(((t + step / 2 - from) / (to - from)) * canvas.width),
    y: Math.round((1 - part(value, scale)) * (canvas.height - 1)),
  });
  for (const [series, { points }] of all.entries()) {
    for (const { t, min, max } of points) canvas.drawLine(place(t, min), place(t, max), series, false);
  }
  for (const [series, { points }] of all.entries()) {
    const gap = longestStep(points, step);
    for (const [i, { t, mean }] of points.entries()) {
      const before = points[i - 1];
      const near = before && t - before.t <= gap ? place(before.t, before.mean) : place(t, mean);
      canvas.drawLine(near, place(t, mean), series, true);
    }
  }
}

/** Points further apart have a gap between them: sensors that send every 5 s leave out most steps of a second. */
function longestStep(points: HistoryPoint[], step: number): number {
  const steps = points.slice(1).map(({ t }, i) => t - points[i]!.t);
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? step;
  return 3 * Math.max(usual, step);
}

function title({ metric, from, to, step }: History, { style, columns }: ChartOptions): string {
  const day = (time: number) => (to - from > 86_400_000 ? `${localTime(time).date} ` : '');
  const clock = (time: number) => day(time) + localTime(time).clock;
  const text = `  ${clock(from)} to ${clock(to)}, a point each ${durationText(step)}`;
  return style.bold(metric) + (metric.length + text.length <= columns ? style.dim(text) : '');
}

/** The line of the axis, and the times below it. */
function timeAxis({ from, to }: History, margin: number, width: number, style: Style): string[] {
  const ticks = timeTicks(from, to, Math.floor(width / LABEL)).map(({ at, label }) => ({
    x: Math.min(width - 1, Math.floor(((at - from) / (to - from)) * width)),
    label,
  }));
  const axis: string[] = Array.from({ length: width }, () => '─');
  let labels = '';
  for (const { x, label } of ticks) {
    const begin = Math.min(margin + 1 + x - Math.floor(label.length / 2), margin + 1 + width - label.length);
    if (begin < labels.length + (labels === '' ? 0 : 1)) continue;
    axis[x] = '┬';
    labels = labels.padEnd(begin) + label;
  }
  return [`${' '.repeat(margin)}└${axis.join('')}`, labels].map((line) => style.dim(line));
}

/** A line for each series: what it looks like, and as many of its numbers as fit. */
function legendLines(all: NamedSeries[], { style, columns }: ChartOptions, braille: boolean, most: number): string[] {
  const shown = all.length > most ? all.slice(0, most - 1) : all;
  const at = ({ t }: HistoryPoint) => style.dim(` at ${localTime(t).clock}`);
  const rows = shown.map(({ name, points }, series) => ({
    name: `${colorOf(style, series)(braille ? '●' : markOf(series))} ${name}`,
    lowest: points.reduce((one, other) => (other.min < one.min ? other : one)),
    highest: points.reduce((one, other) => (other.max > one.max ? other : one)),
    mean: sum(points.map(({ mean, count }) => mean * count)) / sum(points.map(({ count }) => count)),
  }));
  const lines = table(
    rows,
    [
      { head: '', of: ({ name }) => name },
      { head: '', rank: 1, of: ({ highest }) => `max ${valueText(highest.max, DIGITS)}${at(highest)}` },
      { head: '', rank: 2, of: ({ lowest }) => `min ${valueText(lowest.min, DIGITS)}${at(lowest)}` },
      { head: '', rank: 3, of: ({ mean }) => `mean ${valueText(mean, DIGITS)}` },
    ],
    { width: columns },
  );
  return all.length > shown.length ? [...lines, style.dim(`… ${all.length - shown.length} more`)] : lines;
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
