import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestSqs, urlOf } from '../../test/support/sqs-caller.js';
import { HELD_CLOCK } from '../../test/support/test-clock.js';
import { createQueueServer, type QueueServer } from '../sqs-server.js';

let server: QueueServer;

beforeAll(async () => {
  server = createQueueServer({ path: ':memory:', clock: HELD_CLOCK });
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '10' } });
  await call('CreateQueue', { QueueName: 'small', Attributes: { MaximumMessageSize: '1024' } });
});

afterAll(() => server.close());

const call = (action: string, input: object | string) => requestSqs(server, action, input);

const QueueUrl = urlOf('q');
const small = urlOf('small');
const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody });
const attribute = (name: string, DataType: string, StringValue: string) => ({
  ...{ QueueUrl, MessageBody: 'x' },
  MessageAttributes: { [name]: { DataType, StringValue } },
});
const eleven = Array.from({ length: 11 }, (_, i) => i);
const LEGACY = 'AWS.SimpleQueueService.';
/** The types of errors that the model of the API does not name. */
const FRAMEWORK_TYPES: Record<string, string> = {
  InvalidParameterValue: 'com.amazon.coral.service#InvalidParameterValueException',
  MissingParameter: 'com.amazon.coral.service#MissingRequiredParameterException',
};

// Action, input, error of the JSON protocol, and of the query protocol where it differs.
const CASES: [string, object | string, string, string?][] = [
  [
    'SendMessage',
    { QueueUrl: 'http://h/000000000000/none', MessageBody: 'x' },
    'QueueDoesNotExist',
    `${LEGACY}NonExistentQueue`,
  ],
  [
    'SendMessage',
    { QueueUrl: 'http://h/111111111111/q', MessageBody: 'x' },
    'QueueDoesNotExist',
    `${LEGACY}NonExistentQueue`,
  ],
  ['SendMessage', { MessageBody: 'x' }, 'MissingParameter'],
  ['SendMessage', { QueueUrl }, 'MissingParameter'],
  ['SendMessage', { QueueUrl, MessageBody: '' }, 'MissingParameter'],
  ['SendMessage', { QueueUrl, MessageBody: 5 }, 'SerializationException'],
  ['SendMessage', { QueueUrl, MessageBody: 'a\u0000' }, 'InvalidMessageContents'],
  ['SendMessage', { QueueUrl, MessageBody: '\uffff' }, 'InvalidMessageContents'],
  ['SendMessage', `{"QueueUrl":"${QueueUrl}","MessageBody":"\\ud800"}`, 'InvalidMessageContents'],
  ['SendMessage', { QueueUrl, MessageBody: 'x'.repeat(1_048_577) }, 'InvalidParameterValue'],
  ['SendMessage', { QueueUrl: small, MessageBody: 'ü'.repeat(513) }, 'InvalidParameterValue'],
  ['SendMessage', { QueueUrl, MessageBody: 'x', DelaySeconds: 901 }, 'InvalidParameterValue'],
  ['SendMessage', { QueueUrl, MessageBody: 'x', DelaySeconds: 1.5 }, 'SerializationException'],
  ['SendMessage', { QueueUrl, MessageBody: 'x', MessageDeduplicationId: 'd' }, 'InvalidParameterValue'],
  ['SendMessage', attribute('', 'String', 'x'), 'InvalidParameterValue'],
  ['SendMessage', attribute('AWS.x', 'String', 'x'), 'InvalidParameterValue'],
  ['SendMessage', attribute('a..b', 'String', 'x'), 'InvalidParameterValue'],
  ['SendMessage', attribute('a b', 'String', 'x'), 'InvalidParameterValue'],
  ['SendMessage', attribute('a'.repeat(257), 'String', 'x'), 'InvalidParameterValue'],
  ['SendMessage', attribute('a', 'Text', 'x'), 'InvalidParameterValue'],
  ['SendMessage', attribute('a', 'String', ''), 'InvalidParameterValue'],
  ['SendMessage', attribute('a', 'Number', 'ten'), 'InvalidParameterValue'],
  ['SendMessage', attribute('a', 'String', '\u0001'), 'InvalidParameterValue'],
  [
    'SendMessage',
    {
      ...attribute('a', 'String', 'x'),
      MessageAttributes: Object.fromEntries(eleven.map((i) => [`a${i}`, { DataType: 'String', StringValue: 'x' }])),
    },
    'InvalidParameterValue',
  ],
  ['SendMessageBatch', { QueueUrl, Entries: [] }, 'EmptyBatchRequest', `${LEGACY}EmptyBatchRequest`],
  [
    'SendMessageBatch',
    { QueueUrl, Entries: eleven.map((i) => entry(`e${i}`)) },
    'TooManyEntriesInBatchRequest',
    `${LEGACY}TooManyEntriesInBatchRequest`,
  ],
  [
    'SendMessageBatch',
    { QueueUrl, Entries: [entry('a'), entry('a')] },
    'BatchEntryIdsNotDistinct',
    `${LEGACY}BatchEntryIdsNotDistinct`,
  ],
  ['SendMessageBatch', { QueueUrl, Entries: [entry('a b')] }, 'InvalidBatchEntryId', `${LEGACY}InvalidBatchEntryId`],
  [
    'SendMessageBatch',
    { QueueUrl, Entries: [entry('a', 'x'.repeat(600_000)), entry('b', 'x'.repeat(600_000))] },
    'BatchRequestTooLong',
    `${LEGACY}BatchRequestTooLong`,
  ],
  ['ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 0 }, 'InvalidParameterValue'],
  ['ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 11 }, 'InvalidParameterValue'],
  ['ReceiveMessage', { QueueUrl, WaitTimeSeconds: 21 }, 'InvalidParameterValue'],
  ['ReceiveMessage', { QueueUrl, VisibilityTimeout: 43_201 }, 'InvalidParameterValue'],
  ['ReceiveMessage', { QueueUrl, AttributeNames: ['Nonsense'] }, 'InvalidAttributeName'],
  ['DeleteMessage', { QueueUrl, ReceiptHandle: 'nonsense' }, 'ReceiptHandleIsInvalid'],
  ['DeleteMessage', { QueueUrl }, 'MissingParameter'],
  ['ChangeMessageVisibility', { QueueUrl, ReceiptHandle: 'nonsense', VisibilityTimeout: 1 }, 'ReceiptHandleIsInvalid'],
  ['CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '11' } }, 'QueueNameExists', 'QueueAlreadyExists'],
  ['CreateQueue', { QueueName: 'ü' }, 'InvalidParameterValue'],
  ['CreateQueue', { QueueName: 'x'.repeat(81) }, 'InvalidParameterValue'],
  ['CreateQueue', { QueueName: 'x.fifo' }, 'UnsupportedOperation', `${LEGACY}UnsupportedOperation`],
  [
    'CreateQueue',
    { QueueName: 'x', Attributes: { FifoQueue: 'true' } },
    'UnsupportedOperation',
    `${LEGACY}UnsupportedOperation`,
  ],
  ['CreateQueue', { QueueName: 'x', Attributes: { FifoQueue: 'false' } }, 'InvalidAttributeName'],
  ['CreateQueue', { QueueName: 'x', Attributes: { VisibilityTimeout: '-1' } }, 'InvalidAttributeValue'],
  ['CreateQueue', { QueueName: 'x', Attributes: { MaximumMessageSize: '1048577' } }, 'InvalidAttributeValue'],
  ['CreateQueue', { QueueName: 'x', Attributes: { MessageRetentionPeriod: '59' } }, 'InvalidAttributeValue'],
  ['CreateQueue', { QueueName: 'x', Attributes: { Colour: 'red' } }, 'InvalidAttributeName'],
  ['CreateQueue', '{"QueueName":"x","Attributes":{"__proto__":"1"}}', 'InvalidAttributeName'],
  ['CreateQueue', { QueueName: 'x', Attributes: { ContentBasedDeduplication: 'true' } }, 'InvalidAttributeName'],
  ['CreateQueue', { QueueName: 'x', Attributes: { RedrivePolicy: '{"maxReceiveCount":0}' } }, 'InvalidParameterValue'],
  [
    'CreateQueue',
    {
      QueueName: 'x',
      Attributes: {
        RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":3}',
      },
    },
    'InvalidParameterValue',
  ],
  ['SetQueueAttributes', { QueueUrl, Attributes: { QueueArn: 'x' } }, 'InvalidAttributeName'],
  ['SetQueueAttributes', { QueueUrl, Attributes: { FifoQueue: 'true' } }, 'InvalidAttributeName'],
  ['GetQueueAttributes', { QueueUrl, AttributeNames: ['Nonsense'] }, 'InvalidAttributeName'],
  ['GetQueueUrl', { QueueName: 'none' }, 'QueueDoesNotExist', `${LEGACY}NonExistentQueue`],
  ['ListQueues', { MaxResults: 0 }, 'InvalidParameterValue'],
  ['ListQueues', { NextToken: 'x' }, 'InvalidParameterValue'],
  ['TagQueue', { QueueUrl, Tags: {} }, 'MissingParameter'],
  ['UntagQueue', { QueueUrl, TagKeys: [] }, 'InvalidParameterValue'],
  [
    'SetQueueAttributes',
    { QueueUrl, Attributes: { KmsMasterKeyId: 'k', SqsManagedSseEnabled: 'true' } },
    'InvalidAttributeName',
  ],
  ['AddPermission', { QueueUrl }, 'InvalidAction'],
  ['StartMessageMoveTask', { SourceArn: 'arn:aws:sqs:us-east-1:000000000000:q' }, 'InvalidAction'],
  ['constructor', {}, 'InvalidAction'],
  ['SendMessage', '{', 'SerializationException'],
  ['SendMessage', '[]', 'SerializationException'],
  ['SendMessage', Buffer.from(`{"QueueUrl":"${QueueUrl}","MessageBody":"a\xffb"}`, 'latin1'), 'SerializationException'],
  // Half of an emoji.
  ['SendMessage', Buffer.from(`{"QueueUrl":"${QueueUrl}","MessageBody":"🚀`).subarray(0, -2), 'SerializationException'],
];

test.each(CASES)('%s %.100j: %s', async (action, input, code, legacy = code) => {
  const { status, headers, body } = await call(action, input);
  expect(body.__type).toBe(FRAMEWORK_TYPES[code] ?? `com.amazonaws.sqs#${code}`);
  expect(headers.get('x-amzn-query-error')).toBe(`${legacy};Sender`);
  expect(status).toBe(400);
  expect(body.message.length).toBeGreaterThan(10);
});

test('what is nested too deep is refused unread: writing it as JSON again would overflow the stack', async () => {
  const deep = `${'['.repeat(75_000)}${']'.repeat(75_000)}`;
  const { status, body } = await call('SendMessage', `{"QueueUrl":"${QueueUrl}","MessageAttributes":{"a":${deep}}}`);
  expect([status, body.message]).toEqual([400, 'The request body is nested more than 100 levels deep.']);
});

test('what was refused has left nothing behind', async () => {
  const { body } = await call('ListQueues', {});
  expect(body.QueueUrls).toHaveLength(2);
  for (const { visible } of server.stats().queues) expect(visible).toBe(0);
});

test('the limits themselves are allowed', async () => {
  const body = 'x'.repeat(1_048_576);
  expect((await call('SendMessage', { QueueUrl, MessageBody: body })).status).toBe(200);
  const { body: received } = await call('ReceiveMessage', { QueueUrl });
  expect(received.Messages[0].Body).toBe(body);
  const attributed = { ...attribute('ab', 'String', 'c'), QueueUrl: small, MessageBody: 'x'.repeat(1024 - 9) };
  expect((await call('SendMessage', attributed)).status).toBe(200);
  expect((await call('SendMessage', { ...attributed, MessageBody: 'x'.repeat(1024 - 8) })).status).toBe(400);
});

test('a purge is refused within a minute of another', async () => {
  expect((await call('PurgeQueue', { QueueUrl: small })).status).toBe(200);
  const { status, body, headers } = await call('PurgeQueue', { QueueUrl: small });
  expect(status).toBe(403);
  expect(body.__type).toContain('PurgeQueueInProgress');
  expect(headers.get('x-amzn-query-error')).toBe(`${LEGACY}PurgeQueueInProgress;Sender`);
});

test('what names no action is refused, also the query protocol, which the reason names', async () => {
  expect((await server.app.request('/')).status).toBe(404);
  for (const body of ['{"Action":"SendMessage"}', 'Action=SendMessage&Version=2012-11-05']) {
    const response = await server.app.request('/', { method: 'POST', body });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { __type: 'com.amazonaws.sqs#MissingAction', message: expect.stringContaining('not the query (XML) protocol') },
    ]);
  }
});
