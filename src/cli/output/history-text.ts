/** A metric over time as rows. */
import type { History } from '../../store/history.js';
import { localTime } from './chart/ticks.js';
import { type Style, table, terminalWidth } from './terminal-text.js';

export const HISTORY_COLUMNS = ['time', 'region', 'host', 'count', 'min', 'mean', 'max'];

/** By time, then series. Times are ISO 8601. */
export const historyRows = ({ series }: History): (string | number | null)[][] =>
  series
    .flatMap(({ region = null, host = null, points }) => points.map((point) => ({ region, host, ...point })))
    .sort((a, b) => a.t - b.t)
    .map(({ t, region, host, count, min, mean, max }) => [
      new Date(t).toISOString(),
      region,
      host,
      count,
      min,
      mean,
      max,
    ]);

export function historyTable(history: History, style: Style): string {
  const oneDay = history.to - history.from <= 86_400_000;
  const rows = historyRows(history).map(([time, region, host, ...numbers]) => {
    const { date, clock } = localTime(Date.parse(String(time)));
    const [count, ...values] = numbers as number[];
    return [oneDay ? clock : `${date} ${clock}`, region ?? '', host ?? '', String(count), ...values.map(valueText)];
  });
  const all = [HISTORY_COLUMNS.map((name) => style.dim(name)), ...rows] as string[][];
  const shown = HISTORY_COLUMNS.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== ''));
  const numbers = shown.flatMap((column, i) => (column >= 3 ? [i] : []));
  return table(
    all.map((row) => shown.map((i) => row[i]!)),
    numbers,
    { width: terminalWidth(), least: [2] },
  );
}

/** Five digits. */
const valueText = (value: number): string => String(Number(value.toPrecision(5)));
