/** Text for terminals: colours, tables and sizes. */
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { Chalk, type ChalkInstance } from 'chalk';

export type Style = ChalkInstance;
export type AnsiMode = 'auto' | 'always' | 'never';

/**
 * The colours of a stream, by `--ansi` and what the stream can show. Each stream has its own instance, because chalk's
 * default one reads our flags.
 */
export function styleFor(stream: NodeJS.WritableStream, mode: AnsiMode): Style {
  if (mode === 'always') return new Chalk({ level: 3 });
  const tty = stream as Partial<WriteStream>;
  if (mode === 'never' || !tty.isTTY || !tty.hasColors?.()) return new Chalk({ level: 0 });
  if (tty.hasColors(2 ** 24)) return new Chalk({ level: 3 });
  return new Chalk({ level: tty.hasColors(256) ? 2 : 1 });
}

/** A block in a sensor's own colour; only the colour's name where the stream has no colours. */
export function swatch(style: Style, color: string): string {
  return style.level > 0 && /^#[0-9a-f]{6}$/i.test(color) ? `${style.hex(color)('██')} ${color}` : color;
}

const WIDE =
  /\p{Extended_Pictographic}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u;

/** Columns that a terminal uses for a text: emojis and East Asian characters take two, colours none. */
export function widthOf(text: string): number {
  const segments = [...new Intl.Segmenter().segment(stripVTControlCharacters(text))];
  return segments.reduce((width, { segment }) => width + (WIDE.test(segment) ? 2 : 1), 0);
}

export function pad(text: string, width: number, right = false): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}

/** What a table does where the terminal is narrower than its columns. */
export interface TableFit {
  /** Columns of the terminal; undefined: as many as the table needs. */
  width?: number | undefined;
  /** Columns of the table that are shortened, the least important first, and left out where that is not enough. */
  least: number[];
}

/** A shorter column says nothing. */
const SHORTEST = 8;
const GAP = 2;

/** Columns as wide as their widest cell. `right`: indexes of columns that are aligned to the right. */
export function table(rows: string[][], right: number[] = [], { width, least }: TableFit = { least: [] }): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
  }
  const left = fitted(widths, least, width);
  const line = (row: string[]) =>
    row
      .flatMap((cell, i) => (left[i] ? pad(cut(cell, left[i]!), left[i]!, right.includes(i)) : []))
      .join(' '.repeat(GAP));
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** The widths that the columns get; 0 for one that is left out. */
function fitted(widths: number[], least: number[], most = Number.POSITIVE_INFINITY): number[] {
  const left = [...widths];
  const over = () => left.reduce((sum, one) => sum + (one > 0 ? one + GAP : 0), -GAP) - most;
  for (const i of least) {
    if (over() > 0 && left[i]! > SHORTEST) left[i] = Math.max(SHORTEST, left[i]! - over());
  }
  for (const i of least) if (over() > 0) left[i] = 0;
  return left;
}

/** A text that is too long loses its end, and its colours. */
function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let short = '';
  for (const { segment } of new Intl.Segmenter().segment(stripVTControlCharacters(text))) {
    if (widthOf(short + segment) > width - 1) break;
    short += segment;
  }
  return `${short}…`;
}

/** Columns of the terminal on stdout; undefined where it is none. */
export const terminalWidth = (): number | undefined => (process.stdout.isTTY ? process.stdout.columns : undefined);

/** Whether the terminal shows characters beyond ASCII, as its locale says. */
export function showsUnicode({ TERM, LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv = process.env): boolean {
  if (TERM === 'dumb') return false;
  return process.platform === 'win32' || /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}

/** A size in decimal units, as Docker shows them. */
export function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** `1 sensor`, `3 sensors`. */
export const countText = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`;

export const secondsText = (seconds: number): string => `${seconds.toFixed(1)} s`;

/** A command in backticks is one word: it is there to be copied. */
const WORDS = /(?:`[^`]*`|[^\s`])+/g;

/**
 * Breaks a text between words so that it fits; the lines that follow are indented. `width`: columns; without it, nothing is
 * broken.
 */
export function wrapped(text: string, width: number | undefined, indent: number): string {
  if (width === undefined) return text;
  const lines: string[] = [];
  let end = 0;
  for (const { 0: word, index } of text.matchAll(WORDS)) {
    const longer = lines.length === 0 ? text.slice(0, index) + word : lines.at(-1) + text.slice(end, index) + word;
    if (lines.length === 0) lines.push(longer);
    else if (widthOf(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(' '.repeat(indent) + word);
    end = index + word.length;
  }
  return lines.join('\n');
}

/**
 * A table of which nothing may be cut: where it is wider than the terminal, each row is a paragraph, broken between words.
 * `narrow`: what the rows are then.
 */
export function wholeTable(rows: string[][], width = terminalWidth(), narrow = rows): string {
  const text = table(rows);
  if (width === undefined || text.split('\n').every((line) => widthOf(line) <= width)) return text;
  return narrow.map((row) => wrapped(row.filter(Boolean).join('  '), width, 2)).join('\n');
}
