import { AppError } from '../../../lib/errors/app-error.js';
import type { FleetClient } from '../../../puller/fleet-client.js';
import { openFleet } from '../../../runtime/session.js';
import type { History } from '../../../store/history.js';
import { command } from '../../command.js';
import { type Read, valueOption } from '../../options.js';
import { type ChartSize, chartText } from '../../output/chart/chart-text.js';
import { showsUnicode } from '../../output/terminal-text.js';
import { watchAgain, watchOption } from '../../watch-again.js';
import { askHistory, type HistoryValues, historyOptions, noPoints } from './ask-history.js';

/** Columns that a chart has not for its dots. */
const MARGIN = 10;
/** Without `--since` a chart begins with the first point of the last hour, but not later than this. */
const LEAST_MS = 120_000;

const chartSize: Read<ChartSize> = (given, flag) => {
  const [, columns, rows] = /^(\d{1,4})x(\d{1,4})$/.exec(given) ?? [];
  if (Number(columns) >= 20 && Number(rows) >= 8) return { columns: Number(columns), rows: Number(rows) };
  throw new AppError('BAD_OPTION', `${flag}: ${JSON.stringify(given)} is not a size from 20x8 on`, {
    hint: 'For example: --size 100x30',
  });
};

export const plot = command({
  name: 'plot <metric>',
  summary: 'draw a metric, such as temperature, readings.rate or readings.waiting, over time as a chart',
  modes: ['text', 'json', 'ndjson'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: {
    ...historyOptions(),
    size: valueOption(
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
  async action({ out, settings, options, args: { metric } }) {
    const fleet = openFleet(settings);
    /** The terminal may change. */
    const size = () => options.size ?? { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 };
    const read = async () => {
      const found = await fitted(fleet, metric, options, size().columns - MARGIN);
      if (out.mode === 'text' && found.series.length === 0) throw await noPoints(fleet, found);
      return found;
    };
    // The line below is for the prompt, or the keys.
    const text = (found: History) => {
      const { columns, rows } = size();
      return chartText(found, { columns, rows: rows - 1, style: out.style, unicode: showsUnicode() });
    };
    const report = (found: History) => out.result(found, () => text(found));
    if (options.everyMs !== undefined) return watchAgain(out, options.everyMs, { read, report, text });
    report(await read());
    return;
  },
});

/** Right after a start most of the last hour would be empty. */
async function fitted(fleet: FleetClient, metric: string, options: HistoryValues, points: number): Promise<History> {
  const found = await askHistory(fleet, metric, options, points);
  if (options.since !== undefined || options.step !== undefined) return found;
  const began = Math.min(...found.series.map((series) => series.points[0]!.t));
  if (began - found.from < (found.to - found.from) / 4) return found;
  const since = Math.min(began, found.to - LEAST_MS);
  return askHistory(fleet, metric, { ...options, since }, points);
}
