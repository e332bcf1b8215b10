/** The answer to a query: a table, or where that has no room, each row as lines. */
import { escapeControls } from '../../lib/control-characters.js';
import { pad, type Style, table, widthOf } from './terminal-text.js';

type RowCell = string | number | boolean | object | null;

/** Texts are shortened to this before the rows become lines. */
const SHORTEST = 8;
const GAP = 2;

/** Columns of numbers are aligned to the right and never shortened. `width`: columns of the terminal. */
export function rowsText(columns: string[], rows: RowCell[][], style: Style, width: number | undefined): string {
  const texts = rows.map((row) => row.map((cell) => (cell === null ? style.dim('null') : textOf(cell))));
  const names = columns.map(escapeControls);
  const all = columns.map((_, i) => i);
  const isNumber = (cell: RowCell | undefined) => cell === null || typeof cell === 'number';
  const numbers = all.filter((i) => rows.length > 0 && rows.every((row) => isNumber(row[i])));
  const widths = all.map((i) => [names, ...texts].reduce((most, row) => Math.max(most, widthOf(row[i]!)), 0));
  const shortened = all.filter((i) => !numbers.includes(i)).sort((a, b) => widths[b]! - widths[a]!);
  const least = all.map((i) => (numbers.includes(i) ? widths[i]! : Math.min(widths[i]!, SHORTEST)) + GAP);
  if (width !== undefined && least.reduce((sum, one) => sum + one, -GAP) > width) return asLines(names, texts, style);
  return table([names.map((name) => style.dim(name)), ...texts], numbers, { width, least: shortened });
}

function asLines(names: string[], rows: string[][], style: Style): string {
  const longest = Math.max(...names.map(widthOf));
  const lineOf = (text: string, i: number) => `${style.dim(pad(names[i]!, longest))}  ${text}`;
  return rows.map((row, n) => [style.bold(`row ${n + 1}`), ...row.map(lineOf)].join('\n')).join('\n\n');
}

const textOf = (cell: Exclude<RowCell, null>) =>
  escapeControls(typeof cell === 'object' ? JSON.stringify(cell) : String(cell));
