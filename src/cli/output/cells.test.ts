import { Chalk } from 'chalk';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { asciiOnly, cellsOf, cut, pad, sized, wrapped } from './cells.js';

const { red } = new Chalk({ level: 3 });

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['abcd', 0, ''],
  ['🚀🚀', 3, '🚀…'],
  // Half of it would not fit beside the mark.
  ['a🚀b', 3, 'a…'],
  ['日本語', 4, '日…'],
  ['👨‍👩‍👧ab', 3, '👨‍👩‍👧…'],
  ['é́é́é́', 2, 'é́…'],
])('%j in %d cells is %j', (text, width, expected) => {
  expect(cut(text, width)).toBe(expected);
});

test('colours take no cell, and end behind the cut', () => {
  const text = `${red('abc')}def`;
  expect(cut(text, 6)).toBe(text);
  expect(cut(text, 3)).toBe(red('ab…'));
  expect(cut(text, 5)).toBe(`${red('abc')}d…`);
});

test.each(['', 'a', 'abcdefgh', '🚀🚀🚀', red('日本語日本語')])('%j is exactly as wide as wanted', (text) => {
  for (let width = 0; width < 8; width++) expect(stringWidth(sized(text, width))).toBe(width);
});

test('it is filled up at the right, or at the left for numbers', () => {
  expect([sized('7', 3), sized('7', 3, true)]).toEqual(['7  ', '  7']);
  expect([pad('abc', 2), pad('🚀', 3)]).toEqual(['abc', '🚀 ']);
});

test.each([
  '',
  'abc',
  'ä',
  'é́',
  '🚀',
  '👩‍🚀',
  '🇪🇺',
  '1️⃣',
  '✓',
  '☀',
  '☀️',
  '温度',
  '한국어',
  '\u200b',
  '█▁─…×',
  red('red'),
])('%j takes as many cells as a terminal gives it', (text) => {
  expect(cellsOf(text)).toBe(stringWidth(text));
});

test('text is broken between words, commands stay whole, and without a width nothing is broken', () => {
  expect(wrapped('the eu region is silent', 9, 2)).toBe('the eu\n  region\n  is\n  silent');
  expect(wrapped('run `wasm-sensors up --deploy` now', 12, 0)).toBe('run\n`wasm-sensors up --deploy`\nnow');
  expect(wrapped('the eu region', undefined, 0)).toBe('the eu region');
});

test('a terminal that shows ASCII only gets nothing else, and as many cells', () => {
  const text = `eu 🚀 ${red('██')} × 3 ▁▃█ 日本 é…`;
  const shown = asciiOnly(text);
  expect(shown).toBe(`eu    ${red('##')} x 3 _-# ???? ?~`);
  expect(cellsOf(shown)).toBe(cellsOf(text));
});
