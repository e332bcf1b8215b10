/** Tables that fit a width: columns that matter least are left out first. */
import { cellsOf, sized } from './cells.js';

export interface Column {
  head: string;
  /** 1 stays longest. */
  rank: number;
  right?: boolean;
  /** Takes what the others leave, at least this many cells. */
  grows?: number;
  cells: string[];
}

const GAP = '  ';

/** The heading and a line for each row, each exactly `width` cells. Empty columns are left out. */
export function columns(all: Column[], width: number): string[] {
  let shown = all.filter(({ cells }) => cells.some((cell) => cell !== ''));
  while (shown.length > 1 && leastWidth(shown) > width) {
    const last = Math.max(...shown.map(({ rank }) => rank));
    shown = shown.filter(({ rank }) => rank !== last);
  }
  const spare = Math.max(0, width - leastWidth(shown));
  const growing = shown.filter(({ grows }) => grows !== undefined);
  const widths = shown.map((column) => {
    if (column.grows === undefined) return naturalWidth(column);
    return Math.min(naturalWidth(column), column.grows + Math.floor(spare / growing.length));
  });
  const rows = Math.max(0, ...shown.map(({ cells }) => cells.length));
  const line = (cellOf: (column: Column) => string) =>
    sized(shown.map((column, i) => sized(cellOf(column), widths[i]!, column.right)).join(GAP), width);
  return [line(({ head }) => head), ...Array.from({ length: rows }, (_, row) => line(({ cells }) => cells[row] ?? ''))];
}

const naturalWidth = ({ head, cells }: Column) => Math.max(cellsOf(head), ...cells.map(cellsOf));

const leastWidth = (shown: Column[]) =>
  shown.reduce((sum, column) => sum + Math.min(column.grows ?? Number.POSITIVE_INFINITY, naturalWidth(column)), 0) +
  GAP.length * (shown.length - 1);
