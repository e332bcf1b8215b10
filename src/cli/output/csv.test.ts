import { expect, test } from 'vitest';
import { csvRecord } from './csv.js';

test('a record ends with CRLF, and null is empty', () => {
  expect(csvRecord(['eu', 3.98, null, true, -1])).toBe('eu,3.98,,true,-1\r\n');
});

test('commas, quotes and line breaks are quoted', () => {
  expect(csvRecord(['a,b', 'say "hi"', 'two\r\nlines', ' kept '])).toBe('"a,b","say ""hi""","two\r\nlines", kept \r\n');
});

test('an object is its JSON', () => {
  expect(csvRecord([{ temperature: 1.5 }])).toBe('"{""temperature"":1.5}"\r\n');
});

test.each(['=1+1', '+cmd', '-2+3', '@sum(a1)', '\tx', '\r=1'])('%j is no formula', (text) => {
  expect(csvRecord([text])).toContain("'");
});

test.each(['-5', '+3.25', '-0.001'])('%s stays a number, also as text', (text) => {
  expect(csvRecord([text])).toBe(`${text}\r\n`);
});
