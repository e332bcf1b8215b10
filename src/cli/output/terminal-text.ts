/** Text for terminals: colours, sizes and counts. */
import { Chalk, type ChalkInstance } from 'chalk';

export type Style = ChalkInstance;
export type AnsiMode = 'auto' | 'always' | 'never';
type Stream = { isTTY?: boolean; hasColors?(count?: number): boolean };

/**
 * The colours of a stream, by `--ansi` and what the stream can show. Each stream has its own instance, because chalk's
 * default one reads our flags.
 */
export function styleFor(stream: Stream, mode: AnsiMode): Style {
  if (mode === 'always') return new Chalk({ level: 3 });
  if (mode === 'never' || !stream.isTTY || !stream.hasColors?.()) return new Chalk({ level: 0 });
  if (stream.hasColors(2 ** 24)) return new Chalk({ level: 3 });
  return new Chalk({ level: stream.hasColors(256) ? 2 : 1 });
}

/** A block in a sensor's own colour, and the colour's name; only that where the stream has no colours. */
export function swatch(style: Style, color: string, isNamed = true): string {
  if (style.level === 0 || !/^#[0-9a-f]{6}$/i.test(color)) return color;
  return style.hex(color)('██') + (isNamed ? ` ${color}` : '');
}

/** Columns of the terminal on stdout; undefined where it is none, or has not said how many. */
export const terminalWidth = (): number | undefined => (process.stdout.isTTY && process.stdout.columns) || undefined;

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

/** Those that apply: `3 gaps, 1 cut off`. */
export const partsText = (...parts: (string | false)[]): string => parts.filter(Boolean).join(', ');

/** `a, b, 995 more`. */
export const namesText = (names: string[], most: number): string =>
  [...names.slice(0, most), ...(names.length > most ? [`${names.length - most} more`] : [])].join(', ');

export const secondsText = (seconds: number): string => `${seconds.toFixed(1)} s`;
