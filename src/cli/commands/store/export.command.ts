import { exportReadings } from '../../../operations/ask-store.js';
import type { Answer } from '../../../store/answer.js';
import { command } from '../../command.js';
import {
  metricsOption,
  oneOf,
  scopeOptions,
  sinceOption,
  text,
  timeRange,
  untilOption,
  valueOption,
} from '../../options.js';
import { csvLines } from '../../output/csv.js';
import { countText } from '../../output/terminal-text.js';
import { writeLines } from '../../output/text-writer.js';
import { untilStopped } from '../../stop-signal.js';
import { storeOption, storeTarget } from '../../targets.js';

const FORMATS = ['csv', 'ndjson'] as const;
const DAY_MS = 86_400_000;

export const exportCommand = command({
  name: 'export',
  summary: 'write the readings of a time as CSV or NDJSON, in the order in which they were received',
  modes: [...FORMATS],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: {
    since: sinceOption('readings received since then (default: 24h)'),
    until: untilOption('readings received before then', 'all since'),
    ...scopeOptions(),
    fields: metricsOption(' (default: all)'),
    file: valueOption(
      '--file <path>',
      'write to this file, which is there once it is complete (default: stdout)',
      text,
    ),
    store: storeOption(),
    /** The older name of `-o`. */
    format: valueOption('--format <format>', 'as -o', oneOf(FORMATS)).choices(FORMATS).hideHelp(),
  },
  examples: [
    'wasm-sensors export --since 24h --region eu --file eu.csv',
    'wasm-sensors export --since 10m -o ndjson | jq .values.temperature',
  ],
  async action(context) {
    const { out, options } = context;
    const { region, host, fields, file, format = out.mode } = options;
    const csv = format === 'csv';
    const { since } = timeRange(options, DAY_MS);
    // Without an end: what was received while the clock was ahead has a later time than now.
    const until = options.until ?? Number.MAX_SAFE_INTEGER;
    const wanted = { since, until, region, host, fields: fields?.join(',') };
    return untilStopped(async (signal) => {
      const target = storeTarget(context);
      const answer = await exportReadings(target, { ...wanted, values: csv ? 'columns' : 'object' }, signal);
      await writeLines(csv ? csvLines(answer) : ndjson(answer), file, signal);
      const { rows, damaged } = answer.end();
      if (damaged) out.warn(`${countText(damaged, 'damaged reading')} left out`);
      out.note(`${countText(rows, 'reading')}`);
    });
  },
});

/** The reading as it was sent, with `received_at`; what it does not have is left out. */
async function* ndjson({ columns, rows }: Answer): AsyncGenerator<string> {
  for await (const row of rows) {
    const cells = columns.flatMap((name, i) => (row[i] === null ? [] : [[name, row[i]]]));
    yield `${JSON.stringify(Object.fromEntries(cells))}\n`;
  }
}
