/** The answer to a query: a table, or where that has no room, each row as lines. */
import { escapeControls } from '../../lib/control-characters.js';
import { cellsOf, pad } from './cells.js';
import { type Column, table } from './table.js';
import type { Style } from './terminal-text.js';

type RowCell = string | number | boolean | object | null;

/** Texts are shortened to this before the rows become lines. */
const SHORTEST = 8;

/** Columns of numbers are aligned to the right and never shortened. `width`: columns of the terminal. */
export function rowsText(names: string[], rows: RowCell[][], style: Style, width: number | undefined): string {
  const isNumber = (cell: RowCell | undefined) => cell === null || typeof cell === 'number';
  const columns = names.map((name, i): Column<RowCell[]> => {
    const of = (row: RowCell[]) => (row[i] === null ? style.dim('null') : textOf(row[i] ?? ''));
    const head = escapeControls(name);
    if (rows.length > 0 && rows.every((row) => isNumber(row[i]))) return { head, of, right: true };
    return { head, of, least: SHORTEST };
  });
  const lines = table(rows, columns, { style, width });
  if (width === undefined || lines.every((line) => cellsOf(line) <= width)) return lines.join('\n');
  const longest = Math.max(...columns.map(({ head }) => cellsOf(head)));
  const lineOf = (row: RowCell[]) => columns.map(({ head, of }) => `${style.dim(pad(head, longest))}  ${of(row)}`);
  return rows.map((row, n) => [style.bold(`row ${n + 1}`), ...lineOf(row)].join('\n')).join('\n\n');
}

const textOf = (cell: Exclude<RowCell, null>) =>
  escapeControls(typeof cell === 'object' ? JSON.stringify(cell) : String(cell));
