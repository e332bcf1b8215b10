import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createQueueServer, type QueueServer } from './sqs-server.js';

let server: QueueServer;
const url = (name: string) => `http://h/000000000000/${name}`;
const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

beforeEach(async () => {
  server = createQueueServer({ path: ':memory:' });
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 2 });
  await call('CreateQueue', { QueueName: 'main', Attributes: { RedrivePolicy } });
});

afterEach(() => server.close());

async function call(action: string, input: object) {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await server.app.request('/', { method: 'POST', headers, body: JSON.stringify(input) });
  const text = await response.text();
  return text === '' ? {} : JSON.parse(text);
}

async function receive(name: string, more = {}) {
  const input = { QueueUrl: url(name), MaxNumberOfMessages: 10, AttributeNames: ['All'], WaitTimeSeconds: 5, ...more };
  return (await call('ReceiveMessage', input)).Messages ?? [];
}

/** Receives a message as often as the policy allows, so that the next receive moves it. */
async function exhaust(): Promise<void> {
  for (let i = 0; i < 2; i++) expect(await receive('main', { VisibilityTimeout: 0 })).toHaveLength(1);
  await vi.waitUntil(() => server.stats().queues.find(({ name }) => name === 'main')!.inFlight === 1);
  expect(await receive('main', { WaitTimeSeconds: 1 })).toEqual([]);
}

test('a message that is received too often moves to the dead-letter queue as it is', async () => {
  const { MessageId } = await call('SendMessage', { QueueUrl: url('main'), MessageBody: '🚀' });
  await exhaust();
  const [message] = await receive('dead');
  expect(message).toMatchObject({ MessageId, Body: '🚀' });
  expect(message.Attributes).toMatchObject({ ApproximateReceiveCount: '3', DeadLetterQueueSourceArn: arn('main') });
});

test('a dead-letter queue knows its sources', async () => {
  const { queueUrls } = await call('ListDeadLetterSourceQueues', { QueueUrl: url('dead') });
  expect(queueUrls).toEqual([expect.stringContaining('/main')]);
});

test('a queue that forbids it is not taken as dead-letter queue', async () => {
  const Attributes = { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' };
  await call('CreateQueue', { QueueName: 'closed', Attributes });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('closed'), maxReceiveCount: 2 });
  const refused = await call('SetQueueAttributes', { QueueUrl: url('main'), Attributes: { RedrivePolicy } });
  expect(refused.message).toContain('does not allow');
});

test('a move task brings messages back to where they came from', async () => {
  await call('SendMessage', { QueueUrl: url('main'), MessageBody: 'x' });
  await exhaust();
  const { TaskHandle } = await call('StartMessageMoveTask', { SourceArn: arn('dead') });
  expect(TaskHandle).toBeTruthy();
  const [message] = await receive('main');
  expect(message.Body).toBe('x');
  expect(message.Attributes.ApproximateReceiveCount).toBe('1');
  await vi.waitUntil(async () => {
    const { Results } = await call('ListMessageMoveTasks', { SourceArn: arn('dead') });
    return Results[0].Status === 'COMPLETED' && Results[0].ApproximateNumberOfMessagesMoved === 1;
  });
});

test('a message that was sent straight to the dead-letter queue needs a destination', async () => {
  await call('SendMessage', { QueueUrl: url('dead'), MessageBody: 'x' });
  await call('StartMessageMoveTask', { SourceArn: arn('dead') });
  await vi.waitUntil(async () => {
    const { Results } = await call('ListMessageMoveTasks', { SourceArn: arn('dead') });
    return Results[0].Status === 'FAILED' && Results[0].FailureReason === 'CouldNotDetermineMessageSource';
  });
  await call('CreateQueue', { QueueName: 'other' });
  await call('StartMessageMoveTask', { SourceArn: arn('dead'), DestinationArn: arn('other') });
  expect(await receive('other')).toHaveLength(1);
});

test('a running move task can be cancelled, once', async () => {
  for (let i = 0; i < 10; i++) await call('SendMessage', { QueueUrl: url('dead'), MessageBody: `${i}` });
  const order = { SourceArn: arn('dead'), DestinationArn: arn('main'), MaxNumberOfMessagesPerSecond: 1 };
  const { TaskHandle } = await call('StartMessageMoveTask', order);
  const second = await call('StartMessageMoveTask', order);
  expect(second.message).toContain('already a task running');
  const { ApproximateNumberOfMessagesMoved } = await call('CancelMessageMoveTask', { TaskHandle });
  expect(ApproximateNumberOfMessagesMoved).toBeLessThan(10);
  const again = await call('CancelMessageMoveTask', { TaskHandle });
  expect(again.message).toContain('CANCELLED');
});
