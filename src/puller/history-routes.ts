/** `GET /history` (docs/history.md). */
import { Hono } from 'hono';
import { AppError } from '../lib/errors/app-error.js';
import { clientGone } from '../lib/net/client-gone.js';
import { Places } from '../lib/places.js';
import { isValueName } from '../protocol/measured-values.js';
import {
  BUILT_IN_METRICS,
  badQuery,
  DEFAULT_POINTS,
  type History,
  type HistoryRange,
  HOUR_MS,
  MINUTE_MS,
} from '../store/history.js';
import type { ReadingsStore } from '../store/store.js';

/** Panels of a few dashboards. */
const MAX_WAITING = 50;
/** Points of one series. */
const MAX_POINTS = 10_000;
const MIN_STEP_MS = 1_000;
/** The last moment that JavaScript's dates know. */
const MAX_TIME = 8_640_000_000_000_000;
const USUAL_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * MINUTE_MS);
const PARAMETERS = ['metric', 'region', 'host', 'from', 'to', 'step'] as const;

/** `now`: Unix milliseconds. */
export function historyRoutes(store: Pick<ReadingsStore, 'history'> | undefined, now: () => number): Hono {
  const routes = new Hono();
  const places = new Places(MAX_WAITING);
  // Reading takes the time of the pipeline: one at a time does.
  let last: Promise<unknown> = Promise.resolve();
  routes.get('/history', async (c) => {
    const time = now();
    const range = parseHistoryQuery(new URL(c.req.url).searchParams, time);
    if (!store) {
      throw new AppError('NO_HISTORY', 'this puller keeps no readings, so there is no history', {
        hint: 'Start it with the sink `store` in `--sinks`.',
      });
    }
    const { metric, step, from, to } = range;
    const giveBack = places.take();
    if (!giveBack) {
      throw new AppError('TOO_MANY_READERS', `${MAX_WAITING} others wait for a history already; try again`);
    }
    const gone = clientGone(c);
    const answer = last.then(() => (gone.aborted ? [] : store.history(range, time, gone))).finally(giveBack);
    last = answer.catch(() => {});
    const series = await answer;
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

/** `now`: Unix milliseconds. Throws `BAD_QUERY`. */
export function parseHistoryQuery(query: URLSearchParams, now: number): HistoryRange {
  for (const name of query.keys()) {
    if (!PARAMETERS.some((one) => one === name)) {
      throw badQuery(`there is no parameter ${JSON.stringify(name)}`, `There are ${PARAMETERS.join(', ')}.`);
    }
    if (query.getAll(name).length > 1) throw badQuery(`${name} is given twice`, 'Give it once.');
  }
  const metric = metricOf(query.get('metric'));
  const region = query.get('region') || undefined;
  const host = query.get('host') || undefined;
  if (metric === 'queue.depth' && (region ?? host) !== undefined) {
    throw badQuery('queue.depth has no region or host: there is one queue', 'Leave out region and host.');
  }
  const to = timeOf(query, 'to') ?? now;
  const from = timeOf(query, 'from') ?? to - HOUR_MS;
  if (from >= to) throw badQuery('from must be before to', `They are Unix milliseconds: from=${from}, to=${to}.`);
  const step = stepOf(query) ?? usualStep(to - from);
  if (metric === 'queue.depth' && step % MINUTE_MS !== 0) {
    throw badQuery('queue.depth is kept by minute', `Use a step that is a multiple of ${MINUTE_MS} milliseconds.`);
  }
  const range = { metric, region, host, step, from: Math.floor(from / step) * step, to: Math.ceil(to / step) * step };
  const points = (range.to - range.from) / step;
  if (points > MAX_POINTS) {
    throw badQuery(
      `these are ${points} points a series, and at most ${MAX_POINTS} are answered`,
      `Use a step of at least ${usualStep(to - from)} milliseconds, or a shorter time.`,
    );
  }
  return range;
}

function metricOf(metric: string | null): string {
  const known = `a name of a measured value, such as temperature, or one of ${BUILT_IN_METRICS.join(', ')}`;
  if (!metric) throw badQuery('metric is missing', `Add metric=NAME: ${known}.`);
  if (isValueName(metric) || BUILT_IN_METRICS.some((name) => name === metric)) return metric;
  throw badQuery(`there is no metric ${JSON.stringify(metric)}`, `It is ${known}.`);
}

/** A whole number from `least` on; undefined where there is none. */
function numberOf(query: URLSearchParams, name: string, least: number, what: string, hint: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= MAX_TIME) return number;
  throw badQuery(`${name} must be ${what}, not ${JSON.stringify(text)}`, hint);
}

const timeOf = (query: URLSearchParams, name: 'from' | 'to') =>
  numberOf(query, name, 0, 'a time', 'Give Unix milliseconds, such as 1767225600000.');

const stepOf = (query: URLSearchParams) =>
  numberOf(query, 'step', MIN_STEP_MS, `milliseconds from ${MIN_STEP_MS} on`, `A minute is ${MINUTE_MS}.`);

/** For a time of `ms`; a whole number of days for the longest. */
function usualStep(ms: number): number {
  const day = USUAL_STEPS.at(-1)!;
  return USUAL_STEPS.find((step) => ms / step <= DEFAULT_POINTS) ?? Math.ceil(ms / DEFAULT_POINTS / day) * day;
}
