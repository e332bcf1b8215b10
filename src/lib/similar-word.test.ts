import { expect, test } from 'vitest';
import { didYouMean } from './similar-word.js';

const FIELDS = ['color', 'emoji', 'random_off', 'interval', 'paused'];

test.each([
  ['colr', 'color'],
  ['COLOUR', 'color'],
  ['intervall', 'interval'],
  ['pasued', 'paused'],
  ['randomof', 'random_off'],
])('%s means %s', (word, meant) => {
  expect(didYouMean(word, FIELDS)).toBe(`Did you mean ${meant}? `);
});

test.each(['threshold', 'x', '', 'led'])('%j is near to none', (word) => {
  expect(didYouMean(word, FIELDS)).toBe('');
});
