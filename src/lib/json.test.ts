import { expect, test, vi } from 'vitest';
import { decodeUtf8, isFlat, MAX_NESTING, parseJson, scanJson } from './json.js';

const findNestingProblem = (text: string) => scanJson(text).problem;

test.each([
  ['arrays', '[', ']'],
  ['objects', '{"a":', '}'],
])('%s may be nested as deep as the limit, and no deeper, wherever the deep part is', (_, open, close) => {
  const nested = (levels: number) => `${open.repeat(levels)}1${close.repeat(levels)}`;
  expect(findNestingProblem(nested(MAX_NESTING))).toBeUndefined();
  expect(findNestingProblem(nested(MAX_NESTING + 1))).toMatch(/100 levels/);
  expect(findNestingProblem(`[${nested(2)},${nested(MAX_NESTING - 1)}]`)).toBeUndefined();
  expect(findNestingProblem(`[${nested(2)},${nested(MAX_NESTING)}]`)).toMatch(/100 levels/);
});

test('brackets in texts are no levels, also after quotes and backslashes in them', () => {
  const brackets = '[{'.repeat(MAX_NESTING);
  for (const text of [brackets, `\\"${brackets}`, `\\\\\\"${brackets}`]) {
    expect(findNestingProblem(`{"a":"${text}"}`)).toBeUndefined();
  }
  expect(findNestingProblem(`["\\\\",${'['.repeat(MAX_NESTING)}`)).toMatch(/levels/);
});

test('objects and arrays have a number, too', () => {
  const flat = (count: number) => `[${'{},'.repeat(count - 2)}[]]`;
  expect(findNestingProblem(flat(50_000))).toBeUndefined();
  expect(findNestingProblem(flat(50_001))).toMatch(/50000 objects/);
});

test('what is too deep is never parsed', () => {
  const parse = vi.spyOn(JSON, 'parse');
  expect(() => parseJson('['.repeat(1_000_000))).toThrow(expect.objectContaining({ code: 'TOO_DEEP' }));
  expect(parse).not.toHaveBeenCalled();
  parse.mockRestore();
});

test('what is no JSON, or no UTF-8, has a code', () => {
  expect(parseJson('{"a":[1]}')).toEqual({ a: [1] });
  expect(() => parseJson('{')).toThrow(expect.objectContaining({ code: 'NOT_JSON' }));
  expect(() => decodeUtf8(new Uint8Array([0xff]))).toThrow(expect.objectContaining({ code: 'NOT_UTF8' }));
});

test.each([
  ['a reading', '{"values":{"a":1}}', true],
  ['what has as many levels as are allowed', `${'['.repeat(100)}1${']'.repeat(100)}`, true],
  ['what may have more levels', '{"a":['.repeat(51), false],
])('%s is known to be flat enough, or not, by its braces and brackets', (_, text, isFlatEnough) => {
  expect(isFlat(text)).toBe(isFlatEnough);
});
