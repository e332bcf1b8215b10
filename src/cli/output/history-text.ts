/** A metric over time as rows. */
import { compareRegions } from '../../fleet/region-counts.js';
import type { History } from '../../store/history.js';
import { localTime } from './chart/ticks.js';
import { table } from './table.js';
import type { Style } from './terminal-text.js';

export const HISTORY_COLUMNS = ['time', 'region', 'host', 'count', 'min', 'mean', 'max'];

/** In the order that regions have everywhere. */
export const inOrder = ({ series }: History): History['series'] =>
  series.toSorted((a, b) => compareRegions(a.region ?? '', b.region ?? ''));

/** By time, then series. */
const historyPoints = (history: History) =>
  inOrder(history)
    .flatMap(({ region = null, host = null, points }) => points.map((point) => ({ region, host, ...point })))
    .sort((a, b) => a.t - b.t);

/** Times are ISO 8601. */
export const historyRows = (history: History): (string | number | null)[][] =>
  historyPoints(history).map((one) => {
    const { t, region, host, count, min, mean, max } = one;
    return [new Date(t).toISOString(), region, host, count, min, mean, max];
  });

export function historyTable(history: History, style: Style): string {
  const oneDay = history.to - history.from <= 86_400_000;
  const timeText = (t: number) => {
    const { date, clock } = localTime(t);
    return oneDay ? clock : `${date} ${clock}`;
  };
  const points = historyPoints(history);
  const valueText = textOfValues(points.flatMap(({ min, mean, max }) => [min, mean, max]));
  return table(
    points,
    [
      { head: 'time', of: ({ t }) => timeText(t) },
      { head: 'region', optional: true, of: ({ region }) => region ?? '' },
      { head: 'host', optional: true, rank: 1, least: 8, of: ({ host }) => host ?? '' },
      { head: 'count', right: true, of: ({ count }) => String(count) },
      { head: 'min', right: true, of: ({ min }) => valueText(min) },
      { head: 'mean', right: true, of: ({ mean }) => valueText(mean) },
      { head: 'max', right: true, of: ({ max }) => valueText(max) },
    ],
    { style },
  ).join('\n');
}

const DIGITS = 4;
const MAX_DECIMALS = 9;

/** Writes values with the decimals that all of them have, as few as show some digits of the largest. */
function textOfValues(values: number[]): (value: number) => string {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const wanted = DIGITS - 1 - Math.floor(Math.log10(largest || 1));
  const most = Math.min(Math.max(0, wanted), MAX_DECIMALS);
  const lengthOf = (value: number) => String(Number(value.toFixed(most))).split('.')[1]?.length ?? 0;
  const decimals = values.reduce((longest, value) => Math.max(longest, lengthOf(value)), 0);
  return (value) => value.toFixed(decimals);
}

/** As many digits as say something. */
export const valueText = (value: number, digits = 5): string => String(Number(value.toPrecision(digits)));
