import { expect, test } from 'vitest';
import { escapeControls, printable } from './control-characters.js';

const CONTROLS = ['\0', '\x07', '\b', '\r', '\x1b', '\x7f', '\x85', '\x9b', '\u061c', '\u200e', '\u200f'];
const BIDI = ['\u2028', '\u2029', '\u202a', '\u202e', '\u2066', '\u2067', '\u2069'];

test.each([...CONTROLS, ...BIDI])('%j is written as an escape', (control) => {
  const code = `\\u${control.codePointAt(0)!.toString(16).padStart(4, '0')}`;
  expect(escapeControls(`a${control}b`)).toBe(`a${code}b`);
  expect(printable(`a${control}b`, true)).toBe(`a${code}b`);
});

test('other text stays: emojis with joiners, right-to-left letters, combined marks', () => {
  const text = 'Hello 🌡️ 👩‍🚀 שלום é 漢字';
  expect([escapeControls(text), printable(text)]).toEqual([text, text]);
});

test('a line is one line; lines keep their breaks', () => {
  expect(escapeControls('a\n\tb')).toBe('a\\u000a\\u0009b');
  expect(printable('a\r\n\tb\n')).toBe('a\n\tb\n');
});

test('colours stay on a stream that has them; what moves the cursor does not', () => {
  const text = '\x1b[1;31mred\x1b[0m\x1b[2Jgone\x1b]0;title\x07';
  expect(printable(text, true)).toBe('\x1b[1;31mred\x1b[0m\\u001b[2Jgone\\u001b]0;title\\u0007');
  expect(printable(text)).toBe('\\u001b[1;31mred\\u001b[0m\\u001b[2Jgone\\u001b]0;title\\u0007');
});

test('JSON stays the same JSON', () => {
  const value = { a: '\x9b2J', b: ['\u202e'], c: '\x1b\n' };
  const pretty = JSON.stringify(value, null, 2);
  expect(JSON.parse(printable(pretty))).toEqual(value);
  expect(printable(pretty)).toContain('\\u009b2J');
  expect(JSON.parse(escapeControls(JSON.stringify(value)))).toEqual(value);
});
