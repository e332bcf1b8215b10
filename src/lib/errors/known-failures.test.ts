import { expect, test } from 'vitest';
import { type KnownFailure, knownError, lastLinesOf } from './known-failures.js';

const TABLE: KnownFailure[] = [
  { when: /port (\d+)|Port (\d+)/, code: 'PORT_IN_USE', message: 'port $1 is in use', hint: 'Take another.' },
  { when: /port|disk/, code: 'DISK_FULL', message: 'the disk is full: $1', hint: 'Make room.' },
];

test('the first known failure that matches is meant, with what its pattern captured', () => {
  const cause = new Error('exit code 1');
  const error = knownError(TABLE, 'bind: Port 80 is busy\ndisk', { cause, details: (code) => [`see ${code}`] });
  expect(error).toMatchObject({
    ...{ code: 'PORT_IN_USE', fault: 'user', message: 'port 80 is in use', hint: 'Take another.', cause },
    details: ['see PORT_IN_USE'],
  });
  expect(knownError(TABLE, 'disk')).toMatchObject({ code: 'DISK_FULL', message: 'the disk is full: ', details: [] });
  expect(knownError(TABLE, 'the moon is wrong')).toBeUndefined();
});

test('the last lines of an output, without blank ones', () => {
  expect(lastLinesOf('one\n\ntwo\n  \nthree\n', 2)).toEqual(['two', 'three']);
  expect(lastLinesOf('', 2)).toEqual([]);
});
