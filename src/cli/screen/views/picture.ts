/** What a view is drawn from, and what views share. */
import type { Style } from '../../output/terminal-text.js';
import { type Column, columns } from '../columns.js';
import type { ScreenData } from '../screen-data.js';
import type { ScreenState } from '../screen-state.js';

export interface Picture {
  data: ScreenData;
  state: ScreenState;
  style: Style;
  /** Cells and lines that a view may fill. */
  width: number;
  height: number;
  /** Unix milliseconds. */
  now: number;
}

/** `12:03:04`, in the time zone of this machine. */
export const clockTime = (ms: number): string => new Date(ms).toTimeString().slice(0, 8);

/** As many rows as fit, so that the selected one is among them. */
export function rowsAround<T>(rows: T[], selected: number, height: number): T[] {
  const first = Math.max(0, Math.min(selected - Math.floor(height / 2), rows.length - height));
  return rows.slice(first, first + height);
}

interface ListAndDetail<T> {
  list: T[];
  selected: number;
  /** The columns of these rows, without those that mark the selection. */
  columnsOf(rows: T[]): Column[];
  /** What belongs to the selected row. */
  detail(height: number): string[];
}

/** A list above and what belongs to its selection below; with `detail` only that. */
export function listAndDetail<T>(
  { state, height, style, width }: Picture,
  { list, selected, columnsOf, detail }: ListAndDetail<T>,
): string[] {
  // The list takes at most half.
  const room = state.detail ? 1 : Math.max(1, Math.floor(height / 2) - 1);
  const rows = rowsAround(list, selected, Math.min(list.length, room));
  const marks = { head: '', rank: 1, cells: rows.map((row) => (row === list[selected] ? '>' : ' ')) };
  const [head = '', ...lines] = columns([marks, ...columnsOf(rows)], width);
  const above = [style.dim(head), ...lines, style.dim('─'.repeat(width))];
  return [...above, ...detail(height - above.length)];
}
