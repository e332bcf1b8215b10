/** The answer of history, from rows of any store. */
import { badQuery, type HistoryPoint, type HistoryRange, type HistorySeries } from './history.js';

/** Of all series together: making text of more takes long. */
export const MAX_POINTS = 50_000;

export interface Statistics {
  count: number;
  min: number;
  max: number;
  sum: number;
}

/** A region in a step. */
export type HistoryRow = { region: string; t: number } & Statistics;

/** Adds what is of the same step. */
export function addTo(known: Statistics, { count, min, max, sum }: Statistics): void {
  known.count += count;
  known.min = Math.min(known.min, min);
  known.max = Math.max(known.max, max);
  known.sum += sum;
}

/** A rate is the number of readings, each of which has a lateness. */
export const storedMetric = (metric: string) => (metric === 'readings.rate' ? 'readings.lateness' : metric);

/** `rows`: by region and time. `now`: Unix milliseconds. Throws `BAD_QUERY` where these are too many. */
export function seriesOf(rows: HistoryRow[], range: HistoryRange, now: number): HistorySeries[] {
  const series = new Map<string, HistoryPoint[]>();
  for (const row of rows) {
    const points = series.get(row.region);
    const point = pointOf(row, range, now);
    if (points) points.push(point);
    else series.set(row.region, [point]);
  }
  if (rows.length > MAX_POINTS) {
    throw badQuery(
      `these are more than ${MAX_POINTS} points in ${series.size} series`,
      'Name a region or a host, use a longer step, or ask for a shorter time.',
    );
  }
  return [...series].map(([region, points]) => ({
    ...(range.metric === 'queue.depth' ? {} : { region }),
    ...(range.host === undefined ? {} : { host: range.host }),
    points,
  }));
}

/** A rate is by the second, over the part of a step that has passed, so that the newest point does not fall. */
function pointOf({ t, count, min, max, sum }: HistoryRow, { metric, step }: HistoryRange, now: number): HistoryPoint {
  if (metric !== 'readings.rate') return { t, count, min, max, mean: sum / count };
  const passed = now > t && now < t + step ? Math.max(1_000, now - t) : step;
  const rate = (1_000 * count) / passed;
  return { t, count, min: rate, max: rate, mean: rate };
}
