/**
 * Control characters in text of others: terminals obey them, C1 and bidirectional ones included, which JSON leaves as they
 * are. They move the cursor, change colours, and reverse what is read.
 */

/** C0, DEL, C1, line separators, and everything that changes the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it finds.
export const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const ALL = new RegExp(CONTROL_CHARACTER, 'g');
/** Our own text on a stream with colours: chalk writes these. */
const COLOR_OR_CONTROL = new RegExp(`\\u001b\\[[0-9;]*m|${CONTROL_CHARACTER.source}`, 'g');

const escaped = (control: string) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One line: every control character is written as in JSON, `\u009b`. JSON stays JSON. */
export function escapeControls(line: string): string {
  return CONTROL_CHARACTER.test(line) ? line.replace(ALL, escaped) : line;
}

/** Lines for a terminal or a log: line breaks and tabs stay, and with `colors` colours. */
export function printable(text: string, colors = false): string {
  return text.replace(/\r\n/g, '\n').replace(COLOR_OR_CONTROL, (control) => {
    if (control === '\n' || control === '\t' || (colors && control.length > 1)) return control;
    return [...control].map((one) => (CONTROL_CHARACTER.test(one) ? escaped(one) : one)).join('');
  });
}
