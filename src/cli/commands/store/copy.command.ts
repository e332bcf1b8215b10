import { resolve } from 'node:path';
import { passwordProblem } from '../../../config/resolve-settings.js';
import { AppError } from '../../../lib/errors/app-error.js';
import { isPostgres } from '../../../store/location.js';
import { command } from '../../command.js';
import { rowsText } from '../../output/rows-text.js';
import { terminalWidth } from '../../output/terminal-text.js';

/** Where progress is not on a terminal, each line stays. */
const LINE_OF = 50_000;

export const storeCopy = command({
  name: 'store copy <file> [url]',
  summary:
    'copy the store of a file, with its history, to a PostgreSQL database (default: that of the setting `store`)',
  settings: ['stateDir', 'store', 'shards'],
  examples: [
    'wasm-sensors store copy .wasm-sensors/readings.db postgres://sensors@db.example.com/sensors',
    'wasm-sensors store copy sqlite:backup.db',
  ],
  async action({ out, settings, args }) {
    const { file, url = settings.store } = args;
    const problem = isPostgres(url) ? passwordProblem(args.url ?? '') : 'is no URL of a PostgreSQL database';
    if (problem !== undefined) {
      const hint =
        'Name it after the file, such as postgres://sensors@db.example.com/sensors, or with WASM_SENSORS_STORE.';
      throw new AppError('BAD_OPTION', `what is copied to ${problem}`, { hint });
    }
    // Loaded late: few need the client.
    const { copyStore } = await import('../../../store/copy-store.js');
    const path = resolve(file.replace(/^sqlite:/, ''));
    const tables = await copyStore(path, url, settings.shards, (table, rows) => {
      const many = Math.floor(rows / LINE_OF) * LINE_OF;
      out.progress(`copying ${table}${many > 0 ? `: ${many} rows` : ''}`);
    });
    const isWhole = tables.every(({ from, to }) => from === to);
    out.result({ tables, isWhole }, (style) => {
      const rows = tables.map(({ table, from, to }) => [table, from, to]);
      return rowsText(['table', 'rows in the file', 'in the database'], rows, style, terminalWidth());
    });
    if (isWhole) return 0;
    out.warn('the counts differ: nothing was deleted, and copying again adds what is missing');
    return 1;
  },
});
