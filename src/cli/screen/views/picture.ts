/** What a view is drawn from, and what views share. */
import type { Style } from '../../output/terminal-text.js';
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

/** A list above and what belongs to its selection below; with `detail` only that. */
export function listAndDetail(
  { state, height, style, width }: Picture,
  rows: string[],
  selected: number,
  detail: (height: number) => string[],
): string[] {
  const [head = '', ...list] = rows;
  if (state.detail) return [`> ${list[selected]?.replace(/^>/, '').trim() ?? ''}`, ...detail(height - 1)];
  const listHeight = Math.min(list.length, Math.max(1, Math.floor(height / 2) - 1));
  const shown = [style.dim(head), ...rowsAround(list, selected, listHeight)];
  const left = height - shown.length - 1;
  if (left < 2) return [style.dim(head), ...rowsAround(list, selected, height - 1)];
  return [...shown, style.dim('─'.repeat(width)), ...detail(left)];
}
