/** Colours for a stream, by `--ansi` and what the stream can show. One instance a stream: chalk's own reads our flags. */
import type { WriteStream } from 'node:tty';
import { Chalk, type ChalkInstance } from 'chalk';

export type Style = ChalkInstance;
export type AnsiMode = 'auto' | 'always' | 'never';

export function styleFor(stream: NodeJS.WritableStream, mode: AnsiMode): ChalkInstance {
  if (mode === 'always') return new Chalk({ level: 3 });
  const tty = stream as Partial<WriteStream>;
  if (mode === 'never' || !tty.isTTY || !tty.hasColors?.()) return new Chalk({ level: 0 });
  return new Chalk({ level: tty.hasColors(2 ** 24) ? 3 : tty.hasColors(256) ? 2 : 1 });
}

/** A block in a sensor's own colour, and the colour's name where blocks can't be shown. */
export function swatch(style: ChalkInstance, color: string): string {
  return style.level > 0 && /^#[0-9a-f]{6}$/i.test(color) ? `${style.hex(color)('██')} ${color}` : color;
}
