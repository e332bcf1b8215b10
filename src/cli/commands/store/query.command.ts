import { text as readAll } from 'node:stream/consumers';
import { AppError } from '../../../lib/errors/app-error.js';
import { type Answer, type Cell, readAnswer, SCHEMA_SQL } from '../../../store/answer.js';
import { readStore } from '../../../store/sqlite/reader/store-reader.js';
import { type CommandContext, command } from '../../command.js';
import * as option from '../../options.js';
import { csvLines } from '../../output/csv.js';
import { rowsText } from '../../output/rows-text.js';
import { countText, terminalWidth } from '../../output/terminal-text.js';
import { writeLines } from '../../output/text-writer.js';
import { untilStopped } from '../../stop-signal.js';
import { storeOption, storeTarget } from '../../targets.js';

export const query = command({
  name: 'query [sql]',
  summary: 'ask the store of readings in SQL; statements can only read',
  modes: ['text', 'json', 'ndjson', 'csv'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: {
    schema: option.flag('--schema', 'show the tables, with what their columns mean'),
    store: storeOption(),
  },
  examples: [
    "wasm-sensors query 'select region, count(*) as readings from readings group by region'",
    'wasm-sensors query --schema',
    'wasm-sensors query -o csv < report.sql > report.csv',
  ],
  async action(context) {
    const { schema } = context.options;
    const { sql: given } = context.args;
    if (schema && given !== undefined) throw new AppError('BAD_OPTION', '--schema takes no SQL');
    const sql = schema ? SCHEMA_SQL : (given ?? (await fromStdin()));
    return untilStopped(async (signal) => {
      const target = storeTarget(context);
      const ofFile = async (path: string) => readAnswer(readStore({ path, sql }, { signal }));
      const answer = await (typeof target === 'string' ? ofFile(target) : target.query(sql, signal));
      await show(context, answer, signal);
    });
  },
});

async function fromStdin(): Promise<string> {
  if (!process.stdin.isTTY) return readAll(process.stdin);
  throw new AppError('NO_SQL', 'no SQL was given', {
    hint: "For example: `wasm-sensors query 'select count(*) from readings'`",
  });
}

async function show(
  { out, options }: CommandContext<{ schema: ReturnType<typeof option.flag> }>,
  { columns, rows, end }: Answer,
  signal: AbortSignal,
): Promise<void> {
  const objectOf = (row: Cell[]) => Object.fromEntries(columns.map((name, i) => [name, row[i]]));
  if (out.mode === 'ndjson' || out.mode === 'csv') {
    const lines = async function* () {
      for await (const row of rows) yield `${JSON.stringify(objectOf(row))}\n`;
    };
    await writeLines(out.mode === 'csv' ? csvLines({ columns, rows }) : lines(), undefined, signal);
  }
  const all: Cell[][] = [];
  for await (const row of rows) all.push(row);
  const { cut, rows: count } = end();
  if (cut) {
    const limit = cut === 'rows' ? countText(count, 'row') : `64 MiB (${countText(count, 'row')})`;
    out.warn(
      `the answer is longer than the puller's limit: only the first ${limit} are here. Use \`limit\`, or export readings with \`wasm-sensors export\`.`,
    );
  }
  if (out.mode === 'json') out.result({ columns, rows: all.map(objectOf) }, () => '');
  if (out.mode !== 'text') return;
  if (options.schema) {
    out.result(undefined, () => all.map(([sql]) => `${sql};`).join('\n\n'));
    return;
  }
  out.result(undefined, (style) => rowsText(columns, all, style, terminalWidth()));
  out.note(countText(count, 'row'));
}

const FORMATS = ['csv', 'ndjson'] as const;
const DAY_MS = 86_400_000;

export const exportCommand = command({
  name: 'export',
  summary: 'write the readings of a time as CSV or NDJSON, in the order in which they were received',
  modes: [...FORMATS],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken'],
  options: {
    since: option.since('readings received since then (default: 24h)'),
    until: option.until('readings received before then', 'all since'),
    ...option.scope(),
    fields: option.metrics(' (default: all)'),
    file: option.value(
      '--file <path>',
      'write to this file, which is there once it is complete (default: stdout)',
      option.text,
    ),
    store: storeOption(),
    /** The older name of `-o`. */
    format: option.value('--format <format>', 'as -o', option.oneOf(FORMATS)).choices(FORMATS).hideHelp(),
  },
  examples: [
    'wasm-sensors export --since 24h --region eu --file eu.csv',
    'wasm-sensors export --since 10m -o ndjson | jq .values.temperature',
  ],
  async action(context) {
    const { out, options } = context;
    const { region, host, fields, file, format = out.mode } = options;
    const csv = format === 'csv';
    const { since } = option.timeRange(options, DAY_MS);
    // Without an end: what was received while the clock was ahead has a later time than now.
    const until = options.until ?? Number.MAX_SAFE_INTEGER;
    const wanted = { since, until, region, host, fields: fields?.join(',') };
    return untilStopped(async (signal) => {
      const target = storeTarget(context);
      const readings = { ...wanted, values: csv ? ('columns' as const) : ('object' as const) };
      const ofFile = async (path: string) => readAnswer(readStore({ path, readings }, { signal }));
      const answer = await (typeof target === 'string' ? ofFile(target) : target.exportReadings(readings, signal));
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
