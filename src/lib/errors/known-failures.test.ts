import { expect, test } from 'vitest';
import { type KnownFailure, knownError, lastLinesOf } from './known-failures.js';

const table: KnownFailure[] = [
  { when: /port (\d+) is taken/, code: 'PORT', fault: 'user', message: 'port $1 is in use', hint: 'Free it.' },
  {
    when: /no (?:disk (\w+)|room on (\w+))/,
    code: 'FULL',
    fault: 'system',
    message: 'no room on $1',
    hint: 'Clean up.',
  },
  { when: /failed/, code: 'OTHER', fault: 'system', message: 'it failed', hint: 'Look.' },
];

test('the first failure that an output speaks of is told, with what its pattern caught', () => {
  const cause = new Error('exit code 1');
  const details = (code: string) => [`details of ${code}`];
  expect(knownError(table, 'up failed: port 80 is taken', { cause, details })).toMatchObject({
    ...{ code: 'PORT', fault: 'user', message: 'port 80 is in use', hint: 'Free it.', cause },
    details: ['details of PORT'],
  });
  // Of several alternatives the one that was there.
  expect(knownError(table, 'no room on sdb')?.message).toBe('no room on sdb');
  expect(knownError(table, 'no disk sda')?.message).toBe('no room on sda');
  expect(knownError(table, 'it failed')).toMatchObject({ message: 'it failed', details: [] });
});

test('an output that speaks of none is no known failure', () => {
  expect(knownError(table, 'all is well')).toBeUndefined();
});

test('the last lines of an output, without blank ones', () => {
  expect(lastLinesOf('one\n\ntwo\n  \nthree\n\n', 2)).toEqual(['two', 'three']);
  expect(lastLinesOf('', 2)).toEqual([]);
});
