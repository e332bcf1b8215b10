/** The answer to a query as a table. */
import { escapeControls } from '../../lib/control-characters.js';
import { type Style, table, widthOf } from './terminal-text.js';

type RowCell = string | number | boolean | object | null;

/** Columns of numbers are aligned to the right; where the terminal is narrow, the widest columns are shortened. */
export function rowsText(columns: string[], rows: RowCell[][], style: Style, width: number | undefined): string {
  const texts = rows.map((row) => row.map((cell) => (cell === null ? style.dim('null') : textOf(cell))));
  const heads = columns.map((name) => style.dim(escapeControls(name)));
  const all = columns.map((_, i) => i);
  const numbers = all.filter(
    (i) => rows.length > 0 && rows.every((row) => row[i] === null || typeof row[i] === 'number'),
  );
  const widths = all.map((i) => Math.max(...[heads, ...texts].map((row) => widthOf(row[i]!))));
  const widest = all.toSorted((a, b) => widths[b]! - widths[a]!);
  return table([heads, ...texts], numbers, { width, least: widest });
}

const textOf = (cell: Exclude<RowCell, null>) =>
  escapeControls(typeof cell === 'object' ? JSON.stringify(cell) : String(cell));
