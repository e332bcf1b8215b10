import { expect, test } from 'vitest';
import type { QueueServerEvent } from '../../sqs-server/sqs-server.js';
import { queueStoreText } from './store-text.js';

const path = 's/queue.db';

test.each<[QueueServerEvent, RegExp]>([
  [{ type: 'clock-stepped', byMs: 432_000_000 }, /^the clock was set 5 days ahead; nothing expires/],
  [{ type: 'clock-stepped', byMs: -3_600_000, whileStopped: true }, /has moved 60 minutes back since the last run;/],
  [{ type: 'clock-corrected', byMs: 172_800_000 }, /right again: its step of 2 days ahead/],
  [{ type: 'clock-step-confirmed', byMs: -4_000 }, /step of 4 seconds back has lasted an hour/],
  [
    { type: 'database-quarantined', path, quarantined: `${path}.damaged`, problem: 'x', salvaged: { a: 2, b: 3 } },
    /queue\.db was damaged \(x\)\. It is kept as s\/queue\.db\.damaged; 5 rows could be read/,
  ],
  [
    { type: 'database-quarantined', path, quarantined: `${path}.damaged`, problem: 'x', salvaged: {} },
    /nothing in it can be read/,
  ],
  [{ type: 'store-lost', path, message: 'It was deleted.' }, /^It was deleted\. No message is taken/],
  [{ type: 'store-restored', path }, /written back; nothing is lost/],
  [{ type: 'store-restored', path, salvaged: { a: 1 } }, /written back; 1 row could be read/],
  [{ type: 'store-restore-failed', path, message: 'no room' }, /can't be written back.*: no room/],
  [{ type: 'store-full', path }, /full: messages are given out and deleted, but none are taken/],
  [{ type: 'message-damaged', queue: 'q', id: '7' }, /^message 7 of q is damaged: it is kept/],
  [{ type: 'message-damaged', queue: 'q', id: '7', deadLetterQueue: 'd' }, /it is in d now$/],
  [{ type: 'store-writable', path }, /has room again/],
])('%j', (event, text) => {
  expect(queueStoreText(event)).toMatch(text);
});
