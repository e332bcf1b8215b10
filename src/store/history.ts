/** The contract of `GET /history` (docs/history.md): what can be asked, and what is answered. */
import { z } from 'zod';
import type { RegionView } from '../fleet/fleet-view.js';
import { AppError } from '../lib/errors/app-error.js';

/** What the fleet view counts for a region. */
const COUNTED = ['waiting', 'gaps', 'dropped', 'unaccounted'] as const;
/** Looked up every few seconds, rather than made from readings: of no host, and kept by minute. */
export const SAMPLED_METRICS = ['queue.depth', ...COUNTED.map((name) => `readings.${name}`)];
/** Built-in metrics; their dot keeps them apart from the names of measured values. */
export const BUILT_IN_METRICS = ['readings.rate', 'readings.lateness', ...SAMPLED_METRICS];

/** `metric`: one of {@link SAMPLED_METRICS}; `region`: `''` for queue.depth. */
export interface Sample {
  metric: string;
  region: string;
  value: number;
}

/** What the fleet view says now. */
export const samplesOf = (regions: Pick<RegionView, 'region' | (typeof COUNTED)[number]>[]): Sample[] =>
  regions.flatMap((view) =>
    COUNTED.map((name) => ({ metric: `readings.${name}`, region: view.region, value: view[name] })),
  );

/** A metric over one step. A step without readings has no point. */
export const historyPointSchema = z.strictObject({
  t: z.int().describe('when the step begins, Unix milliseconds; a multiple of `step`'),
  count: z
    .int()
    .min(1)
    .describe('readings in the step that have this metric; of queue.depth and what the fleet view counts: samples'),
  min: z.number(),
  max: z.number(),
  mean: z.number(),
});

export const historySeriesSchema = z.strictObject({
  region: z.string().optional().describe('missing for queue.depth'),
  host: z.string().optional().describe('the node; only when a host was asked for'),
  points: z.array(historyPointSchema).min(1).describe('in order of time'),
});

export const historySchema = z
  .strictObject({
    metric: z.string(),
    step: z.int().min(1).describe('milliseconds'),
    from: z.int().describe('begin of the first step, Unix milliseconds'),
    to: z.int().describe('end of the last step, Unix milliseconds'),
    series: z.array(historySeriesSchema).describe('by region, then host; only those with points'),
  })
  .describe('Answer of GET /history');

export type HistoryPoint = z.infer<typeof historyPointSchema>;
export type HistorySeries = z.infer<typeof historySeriesSchema>;
export type History = z.infer<typeof historySchema>;

/** What may be asked. All times are Unix milliseconds. */
export interface HistoryQuery {
  /** The name of a measured value, or one of {@link BUILT_IN_METRICS}. */
  metric: string;
  region?: string | undefined;
  /** Host name of a node. Without it there is one series a region. */
  host?: string | undefined;
  /** Default: an hour before `to`. */
  from?: number | undefined;
  /** Default: now. */
  to?: number | undefined;
  /** Milliseconds. Default: the smallest of some usual ones that gives at most {@link DEFAULT_POINTS} points. */
  step?: number | undefined;
}

/** A query with its defaults; `from` and `to` are multiples of `step`. */
export type HistoryRange = Pick<HistoryQuery, 'metric'> &
  Record<'region' | 'host', string | undefined> &
  Record<'from' | 'to' | 'step', number>;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DEFAULT_POINTS = 400;

export const badQuery = (message: string, hint: string) => new AppError('BAD_QUERY', message, { hint });
