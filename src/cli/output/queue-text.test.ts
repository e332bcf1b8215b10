import { expect, test } from 'vitest';
import type { DeadLetter } from '../../puller/controls/fleet-controls.js';
import { deadLettersText, peekText, purgedText, purgeQuestion, queueStatusText } from './queue-text.js';
import { styleFor } from './terminal-text.js';

const plain = styleFor(process.stdout, 'never');
const depth = { visible: 3, inFlight: 2, delayed: 1 };
const letter: DeadLetter = { id: 'd-1', exhausted: false, sentAt: 1_750_000_000_123, body: 'Hello' };
const rows = (text: string) => text.split('\n').map((line) => line.split(/ {2,}/));

test('the status has both queues, or says that there is only one', () => {
  const dead = { url: 'http://q/dead', visible: 1, inFlight: 0, delayed: 0, oldestAgeMs: 12_345 };
  expect(rows(queueStatusText({ url: 'http://q/main', ...depth, deadLetters: dead }, plain))).toEqual([
    ['queue', 'http://q/main'],
    ['', '3 waiting, 2 in flight, 1 delayed'],
    ['dead letters', 'http://q/dead'],
    ['', '1 waiting, 0 in flight, 0 delayed; the oldest is 12.3 s old'],
  ]);
  expect(rows(queueStatusText({ url: 'http://q/main', ...depth }, plain))[2]).toEqual([
    'dead letters',
    'the queue has no dead-letter queue',
  ]);
});

test('a dead letter is a row: who sent it when, why it is there, how it begins', () => {
  const of = { region: 'eu', hostname: 'edge-eu-1' };
  expect(
    rows(
      deadLettersText(
        [
          { ...letter, ...of, reason: 'the body is not JSON', body: `${'é'.repeat(60)}x` },
          { ...letter, exhausted: true },
          letter,
        ],
        plain,
      ),
    ),
  ).toEqual([
    ['id', 'sent', 'reason', 'sensor', 'body'],
    ['d-1', '2025-06-15T15:06:40Z', 'the body is not JSON', 'eu edge-eu-1', `${'é'.repeat(60)}…`],
    ['d-1', '2025-06-15T15:06:40Z', 'delivered too often and never deleted', 'Hello'],
    ['d-1', '2025-06-15T15:06:40Z', 'unknown', 'Hello'],
  ]);
  expect(deadLettersText([], plain)).toBe('no dead letters');
});

test('what a stranger has sent can not control the terminal', () => {
  const evil = 'a\u001b[2J\u009b\n\u202eb';
  const text = deadLettersText([{ ...letter, reason: evil, region: evil, body: evil }], plain);
  expect(text.split('\n')).toHaveLength(2);
  expect(text).not.toMatch(/[\p{Bidi_Control}]|(?!\n)\p{Cc}/u);
  expect(text).toContain('a\\u001b[2J\\u009b\\u000a\\u202eb');
});

test('peeking shows the deliveries; an empty queue is named', () => {
  const message = { id: 'm-1', sentAt: 1_750_000_000_123, receiveCount: 1, attributes: {}, body: '{}' };
  expect(rows(peekText({ url: 'http://q', messages: [message, { ...message, receiveCount: 2 }] }))).toEqual([
    ['m-1', '2025-06-15T15:06:40Z', '1 delivery', '{}'],
    ['m-1', '2025-06-15T15:06:40Z', '2 deliveries', '{}'],
  ]);
  expect(peekText({ url: 'http://q', messages: [] })).toBe('nothing waits in http://q');
});

test('purging names what is deleted, and what is not', () => {
  expect(purgeQuestion('http://q', 2, false)).toBe("Delete 2 messages in http://q? They can't be brought back.");
  expect(purgeQuestion('http://q', 1, true)).toBe("Delete 1 dead letter in http://q? They can't be brought back.");
  const result = { url: 'http://q', messages: 2, purged: true };
  expect(purgedText(result)).toBe('2 messages deleted from http://q');
  expect(purgedText({ ...result, purged: false })).toBe('nothing is deleted');
});
