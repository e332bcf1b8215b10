/** The table of error codes (src/lib/errors/codes.ts), the code that uses it, and docs/errors.md say the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CODES, isErrorCode } from '../lib/errors/codes.js';

const SRC = join(dirname(fileURLToPath(import.meta.url)), '..');
const TABLE = 'lib/errors/codes.ts';

/** The compiler refuses an `AppError` with another code; these are the codes of HTTP answers, which are plain text. */
const CODE = /\brefusal\(\s*\d+,\s*'([A-Z0-9_]+)'|\bcode:\s*(?:[^,'\n]*\?\s*)?'([A-Z0-9]+(?:_[A-Z0-9]+)+)'/g;
const codesIn = (text: string) => [...text.matchAll(CODE)].map((match) => match[1] ?? match[2]!);

const texts = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('test') && path !== TABLE)
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

test('every code that is used is in the table', () => {
  const used = texts.flatMap(({ path, text }) => codesIn(text).map((code) => ({ code, path })));
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter(({ code }) => !isErrorCode(code))).toEqual([]);
});

test('every code of the table is used', () => {
  const unused = Object.keys(CODES).filter((code) => !texts.some(({ text }) => text.includes(`'${code}'`)));
  expect(unused).toEqual([]);
});

test.each([`refusal(422, 'NEW_CODE', 'x')`, `refusal(\n  422,\n  'NEW_CODE')`, `{ when: /x/, code: 'NEW_CODE' }`])(
  'the scan sees the code in %j',
  (text) => {
    expect(codesIn(text)).toEqual(['NEW_CODE']);
  },
);

test('the table is in alphabetical order, with one sentence or two a row', () => {
  expect(Object.keys(CODES)).toEqual(Object.keys(CODES).sort());
  const rows = Object.values(CODES);
  for (const { summary } of rows) expect(summary).toMatch(/^[^|\n]{15,110}\.$/);
});

test('docs/errors.md is made from the table (npm run docs)', async () => {
  const { errorsPage } = await import('../../scripts/generate-docs.js' as string);
  expect(readFileSync(join(SRC, '../docs/errors.md'), 'utf8')).toBe(errorsPage(CODES));
});
