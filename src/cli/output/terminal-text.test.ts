import { expect, test } from 'vitest';
import { bytesText, countText, namesText, secondsText, styleFor, swatch } from './terminal-text.js';

const stream = (depth: number | undefined) =>
  depth === undefined ? { isTTY: false } : { isTTY: true, hasColors: (count = 16) => count <= depth };
const plain = styleFor(stream(undefined), 'never');

test.each([
  ['auto', undefined, 0],
  ['auto', 2, 0],
  ['auto', 16, 1],
  ['auto', 256, 2],
  ['auto', 2 ** 24, 3],
  ['never', 2 ** 24, 0],
  ['always', undefined, 3],
] as const)('--ansi %s on a stream with %s colours: level %i', (mode, depth, level) => {
  expect(styleFor(stream(depth), mode).level).toBe(level);
});

test('a swatch needs colours and a colour', () => {
  const style = styleFor(stream(undefined), 'always');
  expect(swatch(style, '#00ff88')).toBe('\u001b[38;2;0;255;136m██\u001b[39m #00ff88');
  expect(swatch(style, 'teal')).toBe('teal');
  expect(swatch(style, 'x#00ff88')).toBe('x#00ff88');
  expect(swatch(plain, '#00ff88')).toBe('#00ff88');
});

test('sizes, counts and seconds', () => {
  expect([bytesText(499_999), bytesText(999_499_999), bytesText(1e9), bytesText(1_250_000_000)]).toEqual([
    ...['0 MB', '999 MB', '1.0 GB', '1.3 GB'],
  ]);
  expect([countText(0, 'node'), countText(1, 'node'), countText(2, 'node')]).toEqual(['0 nodes', '1 node', '2 nodes']);
  expect(secondsText(0.25)).toBe('0.3 s');
  expect([namesText(['a', 'b'], 2), namesText(['a', 'b', 'c'], 1)]).toEqual(['a, b', 'a, 2 more']);
});
