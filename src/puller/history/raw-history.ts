/** History from the readings themselves: for steps below a minute. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StoreSink } from '../sinks/readings-store.js';
import type { StoredReading } from '../sinks/stored-rows.js';
import type { HistoryRange, HistorySeries } from './history.js';
import { badQuery } from './history-query.js';
import { addAt, pointsOf, type StepStatistics, takenAt } from './statistics.js';

/** Reading them takes a few milliseconds. */
const READINGS_AT_ONCE = 500;
/** Reading them takes about two seconds. */
const MAX_READINGS = 300_000;
/** The clocks of nodes may be ahead by so much: then readings arrive before they were taken. */
const MAX_AHEAD_MS = 60_000;

/** Rejects with `BAD_QUERY` when too many readings would have to be read. `now`: Unix milliseconds. */
export async function rawHistory(store: StoreSink, range: HistoryRange, now: number): Promise<HistorySeries[]> {
  const found = new Map<string, StepStatistics>();
  let last = store.lastReadingBefore(range.from - MAX_AHEAD_MS);
  const end = store.lastReading();
  if (end - last > MAX_READINGS) {
    throw badQuery(
      `a step of ${range.step} milliseconds needs ${end - last} readings, and at most ${MAX_READINGS} are read`,
      'Use a step that is a multiple of 60000 milliseconds, or a later from.',
    );
  }
  while (last < end) {
    const rows = store.readingsAfter(last, READINGS_AT_ONCE);
    for (const row of rows) if (row.id <= end) addReading(found, range, row);
    last = rows.at(-1)?.id ?? end;
    await nextTurn();
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([region, steps]) => ({
      region,
      ...(range.host === undefined ? {} : { host: range.host }),
      points: pointsOf(steps, range.metric, range.step, now),
    }));
}

function addReading(
  found: Map<string, StepStatistics>,
  { metric, region, host, from, to, step }: HistoryRange,
  { reading, receivedAt }: StoredReading,
): void {
  if (region !== undefined && reading.region !== region) return;
  if (host !== undefined && reading.hostname !== host) return;
  const taken = takenAt(reading, receivedAt);
  if (taken < from || taken >= to) return;
  const value = metricOf(metric, reading.values, receivedAt - taken);
  if (value === undefined) return;
  const steps: StepStatistics = found.get(reading.region) ?? new Map();
  found.set(reading.region, steps);
  addAt(steps, Math.floor(taken / step) * step, value);
}

function metricOf(metric: string, values: Record<string, number> | undefined, lateness: number): number | undefined {
  // Of a rate only the count matters.
  if (metric === 'readings.rate' || metric === 'readings.lateness') return lateness;
  return values && Object.hasOwn(values, metric) ? values[metric] : undefined;
}
