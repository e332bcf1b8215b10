import { Option } from 'commander';
import { exportReadings } from '../../../operations/ask-store.js';
import type { Cell } from '../../../store/answer.js';
import type { CommandSpec } from '../../command.js';
import { scopeOptions, sinceOption, timeRange, untilOption } from '../../command-options.js';
import { csvRecord } from '../../output/csv.js';
import { countText } from '../../output/terminal-text.js';
import { openWriter } from '../../output/text-writer.js';
import { untilStopped } from '../../stop-signal.js';
import { storeOption, storeTarget } from '../../targets.js';

export const exportCommand: CommandSpec = {
  name: 'export',
  summary: 'write the readings of a time as CSV or NDJSON, in the order in which they were received',
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: [
    sinceOption('readings received since then (default: 24h)'),
    untilOption('readings received before then'),
    ...scopeOptions(),
    new Option('--format <format>', 'what to write').choices(['csv', 'ndjson']).default('csv'),
    new Option('--fields <names>', 'of the measured values only these, such as temperature,humidity (default: all)'),
    new Option('--file <path>', 'write to this file, which is there once it is complete (default: stdout)'),
    storeOption(),
  ],
  examples: [
    'wasm-sensors export --since 24h --region eu --file eu.csv',
    'wasm-sensors export --since 10m --format ndjson | jq .values.temperature',
  ],
  async action(context) {
    const { out, options } = context;
    const { since, until } = timeRange(options, '24h');
    const text = (name: string) => (options[name] === undefined ? undefined : String(options[name]));
    const csv = options.format === 'csv';
    const wanted = { since, until, region: text('region'), host: text('host'), fields: text('fields') };
    return untilStopped(async (signal) => {
      const target = storeTarget(context);
      const answer = await exportReadings(target, { ...wanted, values: csv ? 'columns' : 'object' }, signal);
      const writer = await openWriter(text('file'), signal);
      try {
        if (csv) await writer.write(csvRecord(answer.columns));
        for await (const row of answer.rows) await writer.write(csv ? csvRecord(row) : ndjson(answer.columns, row));
        await writer.close();
      } catch (error) {
        await writer.discard();
        throw error;
      }
      const { rows, damaged } = answer.end();
      if (damaged) out.warn(`${countText(damaged, 'damaged reading')} left out`);
      out.note(`${countText(rows, 'reading')}`);
    });
  },
};

/** The reading as it was sent, with `received_at`; what it does not have is left out. */
const ndjson = (columns: string[], row: Cell[]) =>
  `${JSON.stringify(Object.fromEntries(columns.flatMap((name, i) => (row[i] === null ? [] : [[name, row[i]]]))))}\n`;
