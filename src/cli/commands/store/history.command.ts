import { AppError } from '../../../lib/errors/app-error.js';
import type { FleetClient } from '../../../puller/fleet-client.js';
import { openFleet } from '../../../runtime/session.js';
import { BUILT_IN_METRICS, type History, MINUTE_MS, SAMPLED_METRICS } from '../../../store/history.js';
import { isPostgres } from '../../../store/location.js';
import { type CommandContext, command } from '../../command.js';
import * as option from '../../options.js';
import { type ChartSize, chartText } from '../../output/chart/chart-text.js';
import { timeStep } from '../../output/chart/ticks.js';
import { csvRecord } from '../../output/csv.js';
import { HISTORY_COLUMNS, historyRows, historyTable } from '../../output/history-text.js';
import { showsUnicode } from '../../output/terminal-text.js';
import { storeTarget } from '../../targets.js';
import { watchAgain, watchOption } from '../../watch-again.js';

const historyOptions = () => ({
  ...option.scope(),
  since: option.since('the time from then on (default: 1h)'),
  until: option.until('the time until then'),
  store: option.value(
    '--store <url>',
    'ask this PostgreSQL database, instead of the puller; `up` need not run',
    option.text,
  ),
  step: option.value('--step <duration>', 'a point for each of these, such as 10s, 5m or 1h', option.duration),
});
type HistoryValues = option.Values<ReturnType<typeof historyOptions>>;

const NO_FILE = 'Only the puller of a file knows its history: start it with `wasm-sensors up` or `puller serve`.';

interface HistorySource extends Pick<FleetClient, 'history'> {
  /** The names of measured values. */
  measured(): Promise<string[]>;
}

/** The puller, or the database of the store where none is up, or where it is named. */
async function openHistory(context: CommandContext<ReturnType<typeof historyOptions>>): Promise<HistorySource> {
  const { options, settings } = context;
  const isDatabase = isPostgres(options.store ?? settings.store);
  if (options.store !== undefined && !isDatabase)
    return option.refuse('--store', options.store, 'is no URL of PostgreSQL', NO_FILE);
  const target = isDatabase ? storeTarget(context) : openFleet(settings);
  if (typeof target !== 'string') {
    const measured = async () => {
      const { sensors } = await target.snapshot();
      return [...new Set(sensors.flatMap(({ values }) => Object.keys(values ?? {})))].sort();
    };
    return { history: (query) => target.history(query), measured };
  }
  // Loaded late: few need the client.
  const { storedHistory } = await import('../../../puller/stored-history.js');
  return storedHistory(target);
}

/** Rows of the table that need no scrolling. */
const POINTS = 20;

export const history = command({
  name: 'history <metric>',
  summary: 'show a metric, such as temperature, readings.rate or readings.waiting, over time',
  modes: ['text', 'json', 'csv'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: historyOptions(),
  examples: [
    'wasm-sensors history temperature --region eu --since 6h --step 30m',
    'wasm-sensors history readings.unaccounted --since 24h',
    'wasm-sensors history readings.rate -o csv',
  ],
  async action(context) {
    const { out, options } = context;
    const { metric } = context.args;
    const source = await openHistory(context);
    const found = await askHistory(source, metric, options, POINTS);
    if (out.mode === 'csv') process.stdout.write([HISTORY_COLUMNS, ...historyRows(found)].map(csvRecord).join(''));
    else if (out.mode === 'text' && found.series.length === 0) throw await noPoints(source, found);
    else out.result(found, (style) => historyTable(found, style));
  },
});

/** Columns that a chart has not for its dots. */
const MARGIN = 10;
/** Without `--since` a chart begins with the first point of the last hour, but not later than this. */
const LEAST_MS = 120_000;

const chartSize: option.Read<ChartSize> = (given, flag) => {
  const [, columns, rows] = /^(\d{1,4})x(\d{1,4})$/.exec(given) ?? [];
  if (Number(columns) >= 20 && Number(rows) >= 8) return { columns: Number(columns), rows: Number(rows) };
  return option.refuse(flag, given, 'is not a size from 20x8 on', 'For example: --size 100x30');
};

export const plot = command({
  name: 'plot <metric>',
  summary: 'draw a metric, such as temperature, readings.rate or readings.waiting, over time as a chart',
  modes: ['text', 'json', 'ndjson'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: {
    ...historyOptions(),
    size: option.value(
      '--size <size>',
      'columns and rows, such as 100x30 (default: those of the terminal, or 80x24)',
      chartSize,
    ),
    everyMs: watchOption(),
  },
  examples: [
    'wasm-sensors plot temperature --region eu --since 6h',
    'wasm-sensors plot temperature --since 2m --watch',
  ],
  async action(context) {
    const { out, options } = context;
    const { metric } = context.args;
    const source = await openHistory(context);
    /** The terminal may change. */
    const size = () => options.size ?? { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 };
    const read = async () => {
      const found = await fitted(source, metric, options, size().columns - MARGIN);
      if (out.mode === 'text' && found.series.length === 0) throw await noPoints(source, found);
      return found;
    };
    // The line below is for the prompt, or the keys.
    const text = (found: History) => {
      const { columns, rows } = size();
      return chartText(found, { columns, rows: rows - 1, style: out.style, unicode: showsUnicode() });
    };
    const report = (found: History) => out.result(found, () => text(found));
    return watchAgain(out, options.everyMs, { read, report, text });
  },
});

/** Right after a start most of the last hour would be empty. */
async function fitted(source: HistorySource, metric: string, options: HistoryValues, points: number): Promise<History> {
  const found = await askHistory(source, metric, options, points);
  if (options.since !== undefined || options.step !== undefined) return found;
  const began = Math.min(...found.series.map((series) => series.points[0]!.t));
  if (began - found.from < (found.to - found.from) / 4) return found;
  const since = Math.min(began, found.to - LEAST_MS);
  return askHistory(source, metric, { ...options, since }, points);
}

const HOUR_MS = 3_600_000;

/** Sensors send every 5 s unless they are told otherwise: shorter steps would show them in turn. */
const LEAST_STEP_MS = 5_000;

/**
 * Without `--step` at most `points` of them. Built-in metrics may be named without what is before their dot, where no measured
 * value has that name. Rejects with `BAD_OPTION`, or as {@link FleetClient.history} does.
 */
async function askHistory(
  source: HistorySource,
  metric: string,
  options: HistoryValues,
  points: number,
): Promise<History> {
  const found = await askMetric(source, metric, options, points);
  const builtIn = BUILT_IN_METRICS.find((name) => name.endsWith(`.${metric}`));
  return found.series.length > 0 || builtIn === undefined ? found : askMetric(source, builtIn, options, points);
}

async function askMetric(
  source: HistorySource,
  metric: string,
  options: HistoryValues,
  points: number,
): Promise<History> {
  const { since: from, until: to } = option.timeRange(options, HOUR_MS);
  const { region, host, step: given } = options;
  const usual = Math.max(LEAST_STEP_MS, timeStep(to - from, points));
  const ask = (step: number) => source.history({ metric, region, host, from, to, step });
  // Shorter steps are counted from the readings themselves, if those are not too many.
  if (given !== undefined || usual >= MINUTE_MS) return ask(given ?? usual);
  if (SAMPLED_METRICS.includes(metric)) return ask(MINUTE_MS);
  return ask(usual).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'BAD_QUERY') return ask(MINUTE_MS);
    throw error;
  });
}

/** There is nothing to show: says what could be asked instead. */
async function noPoints(source: HistorySource, { metric }: History): Promise<AppError> {
  const known = [...(await source.measured()), ...BUILT_IN_METRICS].join(', ');
  return new AppError('NO_POINTS', `there is nothing of ${metric} in this time`, {
    hint: `Is it the right name, region and time? There are: ${known}.`,
  });
}
