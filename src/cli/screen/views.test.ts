import { expect, test } from 'vitest';
import { sparkline } from './views.js';

test('the highest value is a full bar, zero the lowest, and the newest stands at the right end', () => {
  expect(sparkline([0, 1, 2, 4], 6)).toBe('  ▁▃▅█');
});

test('only the newest values are shown, each as high as among these', () => {
  expect(sparkline([100, 1, 2], 2)).toBe('▅█');
});

test('nothing but zeros has no full bar, and no value has no bar', () => {
  expect([sparkline([0, 0], 2), sparkline([], 3)]).toEqual(['▁▁', '   ']);
});

test('a little is seen beside much', () => {
  expect(sparkline([0.001, 1000], 2)).toBe('▂█');
});
