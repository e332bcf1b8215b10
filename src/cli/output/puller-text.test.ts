import { expect, test } from 'vitest';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import { alertText, pullerText } from './puller-text.js';

const alert: AlertEvent = {
  ...{ event: 'alert', type: 'region.silent', region: 'eu', firing: true, silent_ms: 11_400, at: 0 },
  ...{ rule: 'r', text: 'a text of the puller' },
};

test.each<[Partial<AlertEvent>, string]>([
  [{}, 'no reading from eu for 11 s'],
  [{ firing: false, over: 'reporting' }, 'eu is reporting again'],
  [{ firing: false, over: 'no-sensors' }, 'eu has no active sensors'],
  [{ type: 'another' as never }, 'a text of the puller'],
])('an alert with %j', (over, text) => {
  expect(alertText({ ...alert, ...over })).toBe(text);
});

test.each([
  ['receive', "can't receive from the queue, retrying: down", 'receiving from the queue again'],
  ['accept', "can't store readings, retrying: down", 'storing readings again'],
  ['sink:log', "can't write to the log sink, retrying: down", 'writing to the log sink again'],
  ['delete', "can't delete messages from the queue, retrying: down", 'deleting messages from the queue again'],
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
