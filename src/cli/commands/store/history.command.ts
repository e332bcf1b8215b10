import { openFleet } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { csvRecord } from '../../output/csv.js';
import { HISTORY_COLUMNS, historyRows, historyTable } from '../../output/history-text.js';
import { askHistory, historyOptions, noPoints } from './ask-history.js';

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
  async action({ out, settings, options, args: { metric } }) {
    const fleet = openFleet(settings);
    const found = await askHistory(fleet, metric, options, POINTS);
    if (out.mode === 'csv') out.raw([HISTORY_COLUMNS, ...historyRows(found)].map(csvRecord).join(''));
    else if (out.mode === 'text' && found.series.length === 0) throw await noPoints(fleet, found);
    else out.result(found, (style) => historyTable(found, style));
  },
});
