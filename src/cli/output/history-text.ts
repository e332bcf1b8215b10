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
  return table(
    historyPoints(history),
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

/** As many digits as say something. */
export const valueText = (value: number, digits = 5): string => String(Number(value.toPrecision(digits)));
