/** Text counted in the cells of a terminal: emojis and East Asian characters take two, colours none. */
import stringWidth from 'string-width';

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours as chalk writes them.
const COLOR = /(\u001b\[[0-9;]*m)/;
const COLORS = new RegExp(COLOR, 'g');
/** Printable ASCII, the multiplication sign, arrows, lines and bars, the ellipsis: one cell each. Most text is that. */
const NARROW = /^[ -~×←-↓─-▟…]*$/;
const segmenter = new Intl.Segmenter();
/** To look at a segment takes 50 µs, and the same few come again and again. */
const known = new Map<string, number>();
const MAX_KNOWN = 5000;

export function cellsOf(text: string): number {
  const plain = text.includes('\u001b') ? text.replace(COLORS, '') : text;
  if (NARROW.test(plain)) return plain.length;
  let cells = 0;
  for (const { segment } of segmenter.segment(plain)) cells += cellsOfSegment(segment);
  return cells;
}

function cellsOfSegment(segment: string): number {
  const cells = known.get(segment) ?? stringWidth(segment);
  if (known.size < MAX_KNOWN) known.set(segment, cells);
  return cells;
}

/** The text, cut to at most `width` cells; what is cut off is marked with `…`. Colours stay, and end where they ended. */
export function cut(text: string, width: number): string {
  if (width <= 0) return '';
  let cells = 0;
  let end = 0;
  /** Where the mark would still fit. */
  let fitting = 0;
  for (const part of text.split(COLOR)) {
    if (COLOR.test(part)) {
      end += part.length;
      continue;
    }
    for (const { segment } of segmenter.segment(part)) {
      cells += cellsOfSegment(segment);
      if (cells > width) return `${text.slice(0, fitting)}…${text.slice(fitting).match(COLORS)?.join('') ?? ''}`;
      end += segment.length;
      if (cells < width) fitting = end;
    }
  }
  return text;
}

/** Exactly `width` cells. */
export function sized(text: string, width: number, right = false): string {
  const short = cut(text, width);
  const space = ' '.repeat(Math.max(0, width - cellsOf(short)));
  return right ? space + short : short + space;
}

/** Lines of at most `width` cells, broken at spaces where there are some. For text without colours. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (cellsOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = cut(word, width);
  }
  return [...lines, line];
}
