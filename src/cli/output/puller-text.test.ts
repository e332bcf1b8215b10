import { expect, test } from 'vitest';
import type { SilenceAlert } from '../../fleet/fleet-events.js';
import type { PullerEvent } from '../../puller/failure-reporter.js';
import { alertText, pullerText } from './puller-text.js';

const alert: SilenceAlert = {
  ...{ event: 'alert', type: 'region.silent', region: 'eu', firing: true, silent_ms: 11_400, at: 0 },
  ...{ rule: 'r', text: 'a text of the puller' },
};

test.each<[Partial<SilenceAlert>, string]>([
  [{}, 'no reading from eu for 11 s'],
  [{ firing: false, over: 'reporting' }, 'eu is reporting again'],
  [{ firing: false, over: 'no-sensors' }, 'eu has no active sensors'],
  [{ type: 'another' as never }, 'a text of the puller'],
])('an alert with %j', (over, text) => {
  expect(alertText({ ...alert, ...over })).toBe(text);
});

test('an alert about dead letters says how many there are, and where to look', () => {
  const dead = { event: 'alert', type: 'dead-letters', firing: true, count: 2, at: 0, rule: 'r', text: 't' } as const;
  expect(alertText(dead)).toBe('2 dead letters in the queue; `wasm-sensors queue dead-letters` lists them');
  expect(alertText({ ...dead, firing: false, count: 0 })).toBe('no dead letters any more');
});

test('dead letters are named by their reason, and the first by its id', () => {
  const event = { type: 'puller.dead-letters', code: 'NOT_JSON', reason: 'not JSON', id: 'd-1' } as const;
  expect(pullerText({ ...event, count: 1 })).toBe('1 dead letter: not JSON (message d-1)');
  expect(pullerText({ ...event, count: 3 })).toBe('3 dead letters: not JSON (the first is message d-1)');
});

test.each([
  ['receive', "can't receive from the queue, retrying: down", 'receiving from the queue again'],
  ['accept', "can't store readings, retrying: down", 'storing readings again'],
  ['delete', "can't delete messages from the queue, retrying: down", 'deleting messages from the queue again'],
  ['count-dead-letters', "can't count the dead letters, retrying: down", 'counting the dead letters again'],
  ['checkpoint', "can't save the fleet view to the store, retrying: down", 'saving the fleet view to the store again'],
  [
    'retention',
    "can't delete old readings from the store, retrying: down",
    'deleting old readings from the store again',
  ],
] as const)('a puller on which %s fails, and works again', (task, failing, recovered) => {
  expect(pullerText({ type: 'puller.failing', task, message: 'down' })).toBe(failing);
  expect(pullerText({ type: 'puller.recovered', task })).toBe(recovered);
});

test('a dead letter that is not taken, and a webhook that takes no alert', () => {
  expect(pullerText({ type: 'puller.failing', task: 'dead-letter', message: 'there is none' })).toBe(
    "can't move a message to the dead-letter queue, retrying: there is none",
  );
  expect(pullerText({ type: 'webhook.failed', message: 'status 500' })).toBe(
    'the alert was not delivered to the webhook: status 500',
  );
});

test.each<[PullerEvent, RegExp]>([
  [
    {
      type: 'database-rewritten',
      path: 's/readings.db',
      problem: 'deleted',
      quarantined: undefined,
      salvaged: undefined,
    },
    /^s\/readings\.db was deleted while it was in use\. It is written back; nothing is missing$/,
  ],
  [
    { type: 'database-rewritten', path: 's', problem: 'replaced', quarantined: 's.damaged', salvaged: { readings: 2 } },
    /written back; 2 rows could be read.*; what was in its place is kept as s\.damaged$/,
  ],
  [{ type: 'clock-stepped', byMs: 90_000_000 }, /^the clock was set 25 hours ahead; nothing expires/],
  [{ type: 'store.damaged-rows', count: 2 }, /^2 rows of the store are damaged/],
])('%j', (event, text) => {
  expect(pullerText(event)).toMatch(text);
});
