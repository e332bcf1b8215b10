/** Lists of the screen: rows of which one is selected, and below them what belongs to it. Pure. */
import type { Scope } from '../../protocol/desired-config.js';
import { type Column, table } from '../output/table.js';
import type { Style } from '../output/terminal-text.js';
import type { ScreenData } from './screen-data.js';
import type { ScreenState } from './screen-state.js';

/** What a picture of the screen is made from. */
export interface Picture {
  data: ScreenData;
  state: ScreenState;
  width: number;
  rows: number;
  style: Style;
  /** The terminal shows characters beyond ASCII. */
  unicode: boolean;
  kind: string;
  /** Address of the page; '' where there is none. */
  page: string;
  /** Ctrl-C only leaves the screen; else it stops the network. */
  attached: boolean;
  /** Unix milliseconds. */
  now: number;
}

/** What keys act on, as far as the selected row is about it. */
export interface Target {
  scope?: Scope;
  region?: string | undefined;
}

export const matching =
  (filter: string) =>
  (...words: string[]): boolean =>
    words.join(' ').toLowerCase().includes(filter.toLowerCase());

export interface ListOptions<Row> {
  /** Those that match the filter. */
  rows(data: ScreenData, matches: ReturnType<typeof matching>): Row[];
  /** The same for the same row, also where it was heard of again. */
  key(row: Row): unknown;
  columns(picture: Picture): Column<Row>[];
  none(data: ScreenData): string;
  /** The last row is selected until another one is: it is the newest, or the sum. */
  fromEnd?: boolean;
  target?(row: Row): Target;
  above?(picture: Picture): string[];
  /** Lines about the selected row, below the list. */
  detail?(picture: Picture, row: Row, height: number): string[];
}

/** Of a view that has something below its list; a short list is whole also on a small terminal. */
const LIST_SHARE = 0.4;
const SHORT_LIST = 6;

/** `name`: under which the state has the key of the selected row. */
export function list<Row>(name: string, options: ListOptions<Row>) {
  const { key, fromEnd = false, columns, detail } = options;
  const rowsIn = (data: ScreenData, { filter }: ScreenState) => options.rows(data, matching(filter));
  const indexIn = (rows: Row[], { selected }: ScreenState) => {
    const wanted = selected[name];
    const found = wanted === undefined ? -1 : rows.findIndex((row) => key(row) === wanted);
    return found >= 0 ? found : fromEnd ? rows.length - 1 : 0;
  };
  return {
    targetIn(data: ScreenData, state: ScreenState): Target {
      const rows = rowsIn(data, state);
      const row = rows[indexIn(rows, state)];
      return row === undefined ? {} : (options.target?.(row) ?? {});
    },
    move(data: ScreenData, state: ScreenState, by: number): ScreenState {
      const rows = rowsIn(data, state);
      const index = Math.max(0, Math.min(rows.length - 1, indexIn(rows, state) + by));
      const row = rows[index];
      // The end goes on with what arrives.
      const follows = row === undefined || (fromEnd && index === rows.length - 1);
      return { ...state, selected: { ...state.selected, [name]: follows ? undefined : key(row) } };
    },
    /** At most `height` lines. */
    draw(picture: Picture, height: number): string[] {
      const { data, state, style, width } = picture;
      const above = options.above?.(picture) ?? [];
      const rows = rowsIn(data, state);
      const index = indexIn(rows, state);
      const row = rows[index];
      if (row === undefined) {
        return [...above, style.dim(state.filter === '' ? options.none(data) : 'nothing matches the filter')];
      }
      const room = Math.max(2, height - above.length);
      const share = Math.max(Math.floor(room * LIST_SHARE), Math.min(rows.length + 1, SHORT_LIST, room));
      const most = detail ? share : room;
      const first = Math.max(0, Math.min(index - Math.floor((most - 1) / 2), rows.length - most + 1));
      const mark: Column<Row> = { head: '', of: (one) => (one === row ? '>' : ' ') };
      const lines = table(rows.slice(first, first + most - 1), [mark, ...columns(picture)], { style, width });
      const left = room - lines.length - 1;
      const below = detail && left > 0 ? [style.dim('─'.repeat(width)), ...detail(picture, row, left)] : [];
      return [...above, ...lines, ...below].slice(0, height);
    },
  };
}
