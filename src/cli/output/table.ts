/** Tables for terminals: where there is no room, the columns that matter least are shortened, then left out. */
import { cellsOf, sized, wrapped } from './cells.js';
import { type Style, terminalWidth } from './terminal-text.js';

export interface Column<Row> {
  head: string;
  of(row: Row): string;
  right?: boolean;
  /** The highest is shortened and left out first; columns without one stay, and are shortened last, the widest first. */
  rank?: number;
  /** It may be shortened to this many cells. */
  least?: number;
  /** Left out where all its cells are empty. */
  optional?: boolean;
}

export interface TableOptions {
  /** For the heading. */
  style?: Style;
  /** Columns of the terminal; undefined: as many as the table needs. */
  width?: number | undefined;
}

const GAP = '  ';

/** The heading, if there is one, and a line for each row. Columns are as wide as their widest cell. */
export function table<Row>(
  rows: Row[],
  columns: Column<Row>[],
  { style, width = terminalWidth() }: TableOptions = {},
): string[] {
  let shown = columns.flatMap((column) => {
    const cells = rows.map((row) => column.of(row));
    if (column.optional && cells.every((cell) => cell === '')) return [];
    return [{ ...column, cells, width: Math.max(cellsOf(column.head), ...cells.map(cellsOf)) }];
  });
  const over = () =>
    shown.reduce((sum, one) => sum + one.width + GAP.length, -GAP.length) - (width ?? Number.MAX_VALUE);
  const ranked = shown.filter(({ rank }) => rank !== undefined).sort((a, b) => (b.rank ?? 0) - (a.rank ?? 0));
  const shorten = (column: (typeof shown)[number]) => {
    const { least = column.width } = column;
    if (over() > 0 && least < column.width) column.width = Math.max(least, column.width - over());
  };
  ranked.forEach(shorten);
  for (const column of ranked) if (over() > 0) shown = shown.filter((one) => one !== column);
  shown.toSorted((a, b) => b.width - a.width).forEach(shorten);
  const line = (cellOf: (column: (typeof shown)[number]) => string) =>
    shown
      .map((column) => sized(cellOf(column), column.width, column.right))
      .join(GAP)
      .trimEnd();
  const head = line((column) => column.head);
  const lines = rows.map((_, row) => line(({ cells }) => cells[row] ?? ''));
  return head === '' ? lines : [style ? style.dim(head) : head, ...lines];
}

/**
 * A table of which nothing may be left out: where there is no room, each row is a paragraph, broken between words. Its cells
 * have their headings; those of columns without a rank say what the row is about.
 */
export function wholeTable<Row>(
  rows: Row[],
  columns: Column<Row>[],
  { style, width = terminalWidth() }: TableOptions = {},
): string[] {
  const lines = table(rows, columns, { width: Number.POSITIVE_INFINITY, ...(style ? { style } : {}) });
  if (width === undefined || lines.every((line) => cellsOf(line) <= width)) return lines;
  const textOf = (row: Row) =>
    columns.flatMap(({ head, rank, of }) => {
      const cell = of(row);
      return cell === '' ? [] : [rank === undefined || head === '' ? cell : `${head} ${cell}`];
    });
  return rows.flatMap((row) => wrapped(textOf(row).join('  '), width, 2).split('\n'));
}
