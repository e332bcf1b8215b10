import { text } from 'node:stream/consumers';
import { AppError } from '../../../lib/errors/app-error.js';
import { queryStore } from '../../../operations/ask-store.js';
import { type Answer, type Cell, SCHEMA_SQL } from '../../../store/answer.js';
import { type CommandContext, command } from '../../command.js';
import { flagOption } from '../../options.js';
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
    schema: flagOption('--schema', 'show the tables, with what their columns mean'),
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
      const answer = await queryStore(storeTarget(context), sql, signal);
      await show(context, answer, signal);
    });
  },
});

async function fromStdin(): Promise<string> {
  if (!process.stdin.isTTY) return text(process.stdin);
  throw new AppError('NO_SQL', 'no SQL was given', {
    hint: "For example: `wasm-sensors query 'select count(*) from readings'`",
  });
}

async function show(
  { out, options }: CommandContext<{ schema: ReturnType<typeof flagOption> }>,
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
