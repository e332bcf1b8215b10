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

test('the last error is that of what fails now, the newest first, and forgotten when it works', () => {
  const { failures } = reporter();
  expect(failures.lastError).toBeUndefined();
  failures.failed('receive', 'first');
  failures.failed('delete', 'second');
  failures.failed('receive', 'third');
  expect(failures.lastError).toBe('third');
  failures.succeeded('receive');
  expect(failures.lastError).toBe('second');
  failures.succeeded('delete');
  expect([failures.lastError, failures.count]).toEqual([undefined, 3]);
});

test('tasks fail and recover one by one', () => {
  const { events, failures } = reporter();
  failures.failed('delete', 'down');
  failures.failed('accept', 'down');
  failures.succeeded('delete');
  expect([
    failures.problemOf('delete') !== undefined,
    failures.problemOf('accept') !== undefined,
    failures.problemOf('receive') !== undefined,
  ]).toEqual([...[false, true, false]]);
  expect(events.map(({ type }) => type)).toEqual(['puller.failing', 'puller.failing', 'puller.recovered']);
});
