/** Text counted in the cells of a terminal: emojis and East Asian characters take two, colours none. */
import stringWidth from 'string-width';

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours as chalk writes them.
const COLOR = /(\u001b\[[0-9;]*m)/;
const COLORS = new RegExp(COLOR, 'g');
/** Printable ASCII, the multiplication sign, arrows, lines and bars, the ellipsis: one cell each. Most text is that. */
const NARROW = /^[ -~×←-↓─-▟…]*$/;
const segmenter = new Intl.Segmenter();

export const cellsOf = (text: string): number => (NARROW.test(text) ? text.length : stringWidth(text));

/** The text, cut to at most `width` cells; what is cut off is marked with `…`. Colours stay, and end where they ended. */
export function cut(text: string, width: number): string {
  if (width <= 0) return '';
  if (cellsOf(text) <= width) return text;
  let cells = 0;
  let end = 0;
  for (const part of text.split(COLOR)) {
    if (COLOR.test(part)) end += part.length;
    else {
      for (const { segment } of segmenter.segment(part)) {
        cells += cellsOf(segment);
        // One is left for the mark.
        if (cells >= width) return `${text.slice(0, end)}…${text.slice(end).match(COLORS)?.join('') ?? ''}`;
        end += segment.length;
      }
    }
  }
  return text;
}

/** At least `width` cells. */
export function pad(text: string, width: number, right = false): string {
  const space = ' '.repeat(Math.max(0, width - cellsOf(text)));
  return right ? space + text : text + space;
}

/** Exactly `width` cells. */
export const sized = (text: string, width: number, right = false): string => pad(cut(text, width), width, right);

/** A command in backticks is one word: it is there to be copied. */
const WORDS = /(?:`[^`]*`|[^\s`])+/g;

/**
 * Breaks a text between words so that it fits; the lines that follow are indented. `width`: columns; without it, nothing is
 * broken.
 */
export function wrapped(text: string, width: number | undefined, indent: number): string {
  if (width === undefined || cellsOf(text) <= width) return text;
  const lines: string[] = [];
  let end = 0;
  for (const { 0: word, index } of text.matchAll(WORDS)) {
    const longer = lines.length === 0 ? text.slice(0, index) + word : lines.at(-1) + text.slice(end, index) + word;
    if (lines.length === 0) lines.push(longer);
    else if (cellsOf(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(' '.repeat(indent) + word);
    end = index + word.length;
  }
  return lines.join('\n');
}

const ASCII = {
  '#': '█▇',
  '=': '▆▅',
  '-': '▄▃─',
  '.': '▂',
  _: '▁▏',
  '|': '│',
  '+': '┤└┬✓',
  '~': '…',
  x: '×✗',
  '^': '↑',
  v: '↓',
  '<': '←',
  '>': '→',
  u: 'µ',
};

/** For a terminal that shows nothing else: as wide as before, without pictures, and with `?` for letters. */
export const asciiOnly = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII.
  text.replace(/[^\u0000-\u007f]+/g, (others) =>
    [...segmenter.segment(others)]
      .map(({ segment }) => {
        const instead = /\p{Extended_Pictographic}/u.test(segment) ? ' ' : '?';
        const [ascii] = Object.entries(ASCII).find(([, shown]) => shown.includes(segment)) ?? [];
        return ascii ?? instead.repeat(cellsOf(segment));
      })
      .join(''),
  );
