import { Chalk } from 'chalk';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { cut, sized, wrap } from './cells.js';

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
});

test('text is broken at spaces, and a longer word is cut', () => {
  expect(wrap('the eu region is silent', 9)).toEqual(['the eu', 'region is', 'silent']);
  expect(wrap('a-very-long-word b', 6)).toEqual(['a-ver…', 'b']);
});
