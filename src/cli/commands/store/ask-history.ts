/** What `history` and `plot` share: their options, and the question to the puller. */
import { AppError } from '../../../lib/errors/app-error.js';
import type { FleetClient } from '../../../puller/fleet-client.js';
import { BUILT_IN_METRICS, type History, MINUTE_MS, SAMPLED_METRICS } from '../../../store/history.js';
import {
  duration,
  scopeOptions,
  sinceOption,
  timeRange,
  untilOption,
  type Values,
  valueOption,
} from '../../options.js';
import { timeStep } from '../../output/chart/ticks.js';

export const historyOptions = () => ({
  ...scopeOptions(),
  since: sinceOption('the time from then on (default: 1h)'),
  until: untilOption('the time until then'),
  step: valueOption('--step <duration>', 'a point for each of these, such as 10s, 5m or 1h', duration),
});
export type HistoryValues = Values<ReturnType<typeof historyOptions>>;

const HOUR_MS = 3_600_000;

/** Sensors send every 5 s unless they are told otherwise: shorter steps would show them in turn. */
const LEAST_STEP_MS = 5_000;

/**
 * Without `--step` at most `points` of them. Built-in metrics may be named without what is before their dot, where no measured
 * value has that name. Rejects with `BAD_OPTION`, or as {@link FleetClient.history} does.
 */
export async function askHistory(
  fleet: FleetClient,
  metric: string,
  options: HistoryValues,
  points: number,
): Promise<History> {
  const found = await askMetric(fleet, metric, options, points);
  const builtIn = BUILT_IN_METRICS.find((name) => name.endsWith(`.${metric}`));
  return found.series.length > 0 || builtIn === undefined ? found : askMetric(fleet, builtIn, options, points);
}

async function askMetric(fleet: FleetClient, metric: string, options: HistoryValues, points: number): Promise<History> {
  const { since: from, until: to } = timeRange(options, HOUR_MS);
  const { region, host, step: given } = options;
  const usual = Math.max(LEAST_STEP_MS, timeStep(to - from, points));
  const ask = (step: number) => fleet.history({ metric, region, host, from, to, step });
  // Shorter steps are counted from the readings themselves, if those are not too many.
  if (given !== undefined || usual >= MINUTE_MS) return ask(given ?? usual);
  if (SAMPLED_METRICS.includes(metric)) return ask(MINUTE_MS);
  return ask(usual).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'BAD_QUERY') return ask(MINUTE_MS);
    throw error;
  });
}

/** There is nothing to show: says what could be asked instead. */
export async function noPoints(fleet: FleetClient, { metric }: History): Promise<AppError> {
  const { sensors } = await fleet.snapshot();
  const measured = [...new Set(sensors.flatMap(({ values }) => Object.keys(values ?? {})))].sort();
  const known = [...measured, ...BUILT_IN_METRICS].join(', ');
  return new AppError('NO_POINTS', `there is nothing of ${metric} in this time`, {
    hint: `Is it the right name, region and time? There are: ${known}.`,
  });
}
