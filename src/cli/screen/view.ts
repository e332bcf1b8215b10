/** What a view is made from, and what views share. */
import { type Column, table } from '../output/table.js';
import type { Style } from '../output/terminal-text.js';
import type { ScreenData } from './screen-data.js';
import type { ScreenState } from './screen-state.js';

/** Becomes at most `height` lines of at most `width` cells. */
export interface View {
  data: ScreenData;
  state: ScreenState;
  style: Style;
  width: number;
  height: number;
  /** Unix milliseconds. */
  now: number;
}

/** `12:03:04`, in the time zone of this machine. */
export const clockTime = (ms: number): string => new Date(ms).toTimeString().slice(0, 8);

/** The end of the lines, or what was scrolled back to. */
export function scrolledTo<T>(lines: T[], height: number, scrolled: number): T[] {
  const end = Math.max(Math.min(height, lines.length), lines.length - scrolled);
  return lines.slice(Math.max(0, end - height), end);
}

/** As many rows as fit, so that the selected one is among them. */
function rowsAround<T>(rows: T[], selected: number, height: number): T[] {
  const first = Math.max(0, Math.min(selected - Math.floor(height / 2), rows.length - height));
  return rows.slice(first, first + height);
}

/** A heading and the rows around the selected one, which is marked: at most `height` lines. */
export function selectableTable<T>(
  { style, width }: View,
  { rows, selected, columns, height }: { rows: T[]; selected: number; columns: Column<T>[]; height: number },
): string[] {
  const mark: Column<T> = { head: '', of: (row) => (row === rows[selected] ? '>' : ' ') };
  return table(rowsAround(rows, selected, Math.max(1, height - 1)), [mark, ...columns], { style, width });
}

/** A list above, at most half of the view, and what belongs to its selection below; with `detail` only that. */
export function listAndDetail<T>(
  view: View,
  list: { rows: T[]; selected: number; columns: Column<T>[] },
  detail: (height: number) => string[],
): string[] {
  const { state, height, style, width } = view;
  const room = state.detail ? 2 : Math.max(2, Math.floor(height / 2));
  const above = selectableTable(view, { ...list, height: room });
  return [...above, style.dim('─'.repeat(width)), ...detail(height - above.length - 1)];
}
