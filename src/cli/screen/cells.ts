/** Text counted in the cells of a terminal: emojis and East Asian characters take two, colours none. */
import stringWidth from 'string-width';

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours as chalk writes them.
const COLOR = /(\u001b\[[0-9;]*m)/;
const segmenter = new Intl.Segmenter();

export const cellsOf = (text: string): number => stringWidth(text);

/** The text, cut to at most `width` cells; what is cut off is marked with `…`. Colours stay, and end where they ended. */
export function cut(text: string, width: number): string {
  if (width <= 0) return '';
  if (stringWidth(text) <= width) return text;
  let left = width - 1;
  let full = false;
  let line = '';
  for (const part of text.split(COLOR)) {
    if (COLOR.test(part)) line += part;
    if (full || COLOR.test(part)) continue;
    for (const { segment } of segmenter.segment(part)) {
      left -= stringWidth(segment);
      full = left < 0;
      if (full) break;
      line += segment;
    }
    if (full) line += '…';
  }
  return line;
}

/** Exactly `width` cells. */
export function sized(text: string, width: number, right = false): string {
  const short = cut(text, width);
  const space = ' '.repeat(Math.max(0, width - stringWidth(short)));
  return right ? space + short : short + space;
}

/** Lines of at most `width` cells, broken at spaces where there are some. For text without colours. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (stringWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = cut(word, width);
  }
  return [...lines, line];
}
