import { expect, test } from 'vitest';
import { FailureReporter, type PullerEvent } from './failure-reporter.js';

function reporter() {
  const events: PullerEvent[] = [];
  return { events, failures: new FailureReporter((event) => events.push(event)) };
}

test('a failure is reported once, another message again, and the end once', () => {
  const { events, failures } = reporter();
  failures.succeeded('receive');
  failures.failed('receive', 'down');
  failures.failed('receive', 'down');
  failures.failed('receive', 'denied');
  failures.succeeded('receive');
  failures.succeeded('receive');
  failures.failed('receive', 'down');
  expect(events).toEqual([
    { type: 'puller.failing', task: 'receive', message: 'down' },
    { type: 'puller.failing', task: 'receive', message: 'denied' },
    { type: 'puller.recovered', task: 'receive' },
    { type: 'puller.failing', task: 'receive', message: 'down' },
  ]);
  expect([failures.count, failures.lastError]).toEqual([4, 'down']);
});

test('tasks fail and recover one by one', () => {
  const { events, failures } = reporter();
  failures.failed('delete', 'down');
  failures.failed('accept', 'down');
  failures.succeeded('delete');
  expect([failures.isFailing('delete'), failures.isFailing('accept'), failures.isFailing('receive')]).toEqual([
    ...[false, true, false],
  ]);
  expect(events.map(({ type }) => type)).toEqual(['puller.failing', 'puller.failing', 'puller.recovered']);
});
