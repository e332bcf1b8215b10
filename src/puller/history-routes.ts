/** `GET /history` (docs/history.md). */
import { Hono } from 'hono';
import { z } from 'zod';
import { Turns } from '../lib/async/turns.js';
import { AppError } from '../lib/errors/app-error.js';
import { parseQuery } from '../lib/errors/http-error.js';
import { clientGone } from '../lib/net/client-gone.js';
import { isValueName } from '../protocol/measured-values.js';
import {
  BUILT_IN_METRICS,
  badQuery,
  DEFAULT_POINTS,
  type History,
  type HistoryRange,
  HOUR_MS,
  MINUTE_MS,
  SAMPLED_METRICS,
} from '../store/history.js';
import type { ReadingsStore } from '../store/store.js';

/** Points of one series. */
const MAX_POINTS = 10_000;
const MIN_STEP_MS = 1_000;
/** The last moment that JavaScript's dates know. */
const MAX_TIME = 8_640_000_000_000_000;
const USUAL_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * MINUTE_MS);
const METRIC = `must be the name of a measured value, such as temperature, or one of ${BUILT_IN_METRICS.join(', ')}`;

/** `now`: Unix milliseconds. */
export function historyRoutes(store: Pick<ReadingsStore, 'history'> | undefined, now: () => number): Hono {
  const routes = new Hono();
  // Reading takes the time of the pipeline: one at a time does.
  const turns = new Turns();
  routes.get('/history', async (c) => {
    const time = now();
    const range = parseHistoryQuery(c.req.query(), time);
    if (!store) {
      throw new AppError('NO_HISTORY', 'this puller keeps no readings, so there is no history', {
        hint: 'Start it with the sink `store` in `--sinks`.',
      });
    }
    const { metric, step, from, to } = range;
    const gone = clientGone(c);
    const series = await turns.run(gone, () => store.history(range, time, gone));
    if (gone.aborted) return c.body(null);
    if (!series) {
      c.header('retry-after', '1');
      throw new AppError('HISTORY_NOT_READY', 'the puller is still rolling up what its store has', {
        hint: 'Ask again in a minute.',
      });
    }
    return c.json({ metric, step, from, to, series } satisfies History);
  });
  return routes;
}

const time = numberFrom(0, 'a time: Unix milliseconds, such as 1767225600000');
const querySchema = z.strictObject({
  metric: z.string(METRIC).refine((name) => isValueName(name) || BUILT_IN_METRICS.includes(name), METRIC),
  region: z.string().optional(),
  host: z.string().optional(),
  from: time.optional(),
  to: time.optional(),
  step: numberFrom(MIN_STEP_MS, `milliseconds from ${MIN_STEP_MS} on`).optional(),
});

/** A whole number from `least` on. */
function numberFrom(least: number, what: string) {
  const problem = { error: `must be ${what}` };
  return z
    .string()
    .regex(/^\d+$/, problem)
    .transform(Number)
    .refine((number) => number >= least && number <= MAX_TIME, problem);
}

/** `now`: Unix milliseconds. Throws `BAD_QUERY`. */
export function parseHistoryQuery(query: Record<string, string>, now: number): HistoryRange {
  const { metric, region, host, to = now, from = to - HOUR_MS, ...given } = parseQuery(querySchema, query);
  if (metric === 'queue.depth' && region) {
    throw badQuery('queue.depth has no region: there is one queue', 'Leave out the region.');
  }
  if (SAMPLED_METRICS.includes(metric) && host)
    throw badQuery(`${metric} is not kept of single hosts`, 'Leave out the host.');
  if (from >= to) throw badQuery('from must be before to', `They are Unix milliseconds: from=${from}, to=${to}.`);
  const step = given.step ?? usualStep(to - from);
  if (SAMPLED_METRICS.includes(metric) && step % MINUTE_MS !== 0) {
    throw badQuery(`${metric} is kept by minute`, 'Use a step of at least 1m (60000 milliseconds), in whole minutes.');
  }
  const range = {
    metric,
    region: region || undefined,
    host: host || undefined,
    step,
    from: Math.floor(from / step) * step,
    to: Math.ceil(to / step) * step,
  };
  const points = (range.to - range.from) / step;
  if (points > MAX_POINTS) {
    throw badQuery(
      `these are ${points} points a series, and at most ${MAX_POINTS} are answered`,
      `Use a step of at least ${usualStep(to - from)} milliseconds, or a shorter time.`,
    );
  }
  return range;
}

/** For a time of `ms`; a whole number of days for the longest. */
function usualStep(ms: number): number {
  const day = USUAL_STEPS.at(-1)!;
  return USUAL_STEPS.find((step) => ms / step <= DEFAULT_POINTS) ?? Math.ceil(ms / DEFAULT_POINTS / day) * day;
}
