/** Text counted in the cells of a terminal: emojis and East Asian characters take two, colours none. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours as chalk writes them.
const COLOR = /(\u001b\[[0-9;]*m)/;
const COLORS = new RegExp(COLOR, 'g');
/** Printable ASCII, the multiplication sign, arrows, lines and bars, the ellipsis: one cell each. Most text is that. */
const NARROW = /^[ -~×←-↓─-▟…]*$/;
const WIDE =
  /\p{Emoji_Presentation}|\p{Regional_Indicator}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
const EMPTY = /^[\p{Mark}\p{Format}\p{Control}\p{Default_Ignorable_Code_Point}]*$/u;
const segmenter = new Intl.Segmenter();

export function cellsOf(text: string): number {
  const plain = text.includes('\u001b') ? text.replace(COLORS, '') : text;
  if (NARROW.test(plain)) return plain.length;
  let cells = 0;
  for (const { segment } of segmenter.segment(plain)) cells += cellsOfSegment(segment);
  return cells;
}

function cellsOfSegment(segment: string): number {
  if (WIDE.test(segment)) return 2;
  return EMPTY.test(segment) ? 0 : 1;
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

const ASCII: Record<string, string> = {
  '█': '#',
  '▇': '#',
  '▆': '=',
  '▅': '=',
  '▄': '-',
  '▃': '-',
  '▂': '.',
  '▁': '_',
  '▏': '_',
  '─': '-',
  '│': '|',
  '┤': '+',
  '└': '+',
  '┬': '+',
  '…': '~',
  '×': 'x',
  '↑': '^',
  '↓': 'v',
  '←': '<',
  '→': '>',
  '✓': '+',
  '✗': 'x',
  µ: 'u',
};

/** For a terminal that shows nothing else: as wide as before, without pictures, and with `?` for letters. */
export const asciiOnly = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII.
  text.replace(/[^\u0000-\u007f]+/g, (others) =>
    [...segmenter.segment(others)]
      .map(({ segment }) => {
        const instead = /\p{Extended_Pictographic}/u.test(segment) ? ' ' : '?';
        return ASCII[segment] ?? instead.repeat(cellsOfSegment(segment));
      })
      .join(''),
  );
