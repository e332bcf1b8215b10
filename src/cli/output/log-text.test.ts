import { Chalk } from 'chalk';
import { expect, test } from 'vitest';
import { logDocument, logText } from './log-text.js';

const plain = new Chalk({ level: 0 });
const line = {
  service: 'proxy',
  level: 'warn' as const,
  event: 'queue.failing',
  text: 'no route',
  fields: { tries: 1 },
};

test('a line of today has its time, one of another day also its date', () => {
  const now = new Date();
  expect(logText({ ...line, time: now.getTime() }, plain, 7)).toBe(
    `${now.toISOString().slice(11, 23)}  proxy    warn   no route`,
  );
  const time = Date.UTC(2020, 1, 3, 4, 5, 6, 7);
  expect(logText({ ...line, time }, plain, 5)).toBe('2020-02-03 04:05:06.007  proxy  warn   no route');
});

test('for programs the time is ISO 8601, and the fields are there', () => {
  expect(logDocument({ ...line, time: 0 })).toEqual({ ...line, time: '1970-01-01T00:00:00.000Z' });
});
