/** The server with clients of others: the AWS SDK, and boto3 and the AWS CLI where they are installed. */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type LoopbackQueueServer, serveOnLoopback } from '../test/support/serve-on-loopback.js';

const run = promisify(execFile);
let served: LoopbackQueueServer;

beforeAll(async () => {
  served = await serveOnLoopback({ path: ':memory:' });
});

afterAll(() => served.close());

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const env = () => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: 'any',
  AWS_SECRET_ACCESS_KEY: 'any',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ENDPOINT_URL_SQS: served.url,
  AWS_PAGER: '',
});

const BOTO = `
import boto3, hashlib
sqs = boto3.client('sqs')
url = sqs.create_queue(QueueName='boto', Attributes={'VisibilityTimeout': '5'})['QueueUrl']
assert sqs.get_queue_url(QueueName='boto')['QueueUrl'] == url
def md5_of(attributes):
    part = lambda data: len(data).to_bytes(4, 'big') + data
    digest = hashlib.md5()
    for name, value in sorted(attributes.items()):
        data = value['StringValue'].encode() if 'StringValue' in value else value['BinaryValue']
        kind = b'\\x01' if 'StringValue' in value else b'\\x02'
        digest.update(part(name.encode()) + part(value['DataType'].encode()) + kind + part(data))
    return digest.hexdigest()
attribute = {'Gr\\u00f6\\u00dfe': {'DataType': 'String', 'StringValue': '\\u6e29'}, 'n': {'DataType': 'Number', 'StringValue': '7'}, 'b': {'DataType': 'Binary', 'BinaryValue': b'\\x00\\xff'}}
sent = sqs.send_message_batch(QueueUrl=url, Entries=[
    {'Id': 'one', 'MessageBody': '\\U0001F680', 'MessageAttributes': attribute},
    {'Id': 'two', 'MessageBody': 'x' * 100000},
])
assert [s['Id'] for s in sent['Successful']] == ['one', 'two'], sent
received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5,
                               MessageAttributeNames=['All'], AttributeNames=['All'])['Messages']
assert received[0]['Body'] == '\\U0001F680', received
assert received[0]['MessageAttributes'] == attribute, received
assert received[0]['MD5OfMessageAttributes'] == sent['Successful'][0]['MD5OfMessageAttributes'] == md5_of(attribute)
done = sqs.delete_message_batch(QueueUrl=url, Entries=[
    {'Id': str(i), 'ReceiptHandle': m['ReceiptHandle']} for i, m in enumerate(received)])
assert len(done['Successful']) == 2, done
try:
    sqs.send_message(QueueUrl=url + 'x', MessageBody='x')
except sqs.exceptions.QueueDoesNotExist as e:
    assert e.response['Error']['Code'] == 'AWS.SimpleQueueService.NonExistentQueue', e.response
else:
    raise AssertionError('no error')
try:
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11)
except sqs.exceptions.ClientError as e:
    assert e.response['Error']['Code'] == 'InvalidParameterValue', e.response
else:
    raise AssertionError('no error')
try:
    sqs.create_queue(QueueName='boto.fifo', Attributes={'FifoQueue': 'true'})
except sqs.exceptions.UnsupportedOperation as e:
    assert e.response['Error']['Code'] == 'AWS.SimpleQueueService.UnsupportedOperation', e.response
else:
    raise AssertionError('no error')
assert sqs.list_queues(QueueNamePrefix='boto')['QueueUrls'] == [url]
print(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']['ApproximateNumberOfMessages'])
`;

test('boto3 can use the server', { timeout: 60_000 }, async (context) => {
  if (!works('python3', '-c', 'import boto3')) context.skip('boto3 is not installed');
  const { stdout } = await run('python3', ['-c', BOTO], { env: env() });
  expect(stdout.trim()).toBe('0');
});

test('the AWS CLI can use the server', { timeout: 60_000 }, async (context) => {
  if (!works('aws', '--version')) context.skip('the AWS CLI is not installed');
  const aws = async (...args: string[]) => {
    const { stdout } = await run('aws', ['--endpoint-url', served.url, 'sqs', ...args, '--output', 'json'], {
      env: env(),
    });
    return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  };
  const { QueueUrl } = await aws('create-queue', '--queue-name', 'cli');
  await aws('send-message', '--queue-url', QueueUrl, '--message-body', '🚀');
  const { Messages } = await aws('receive-message', '--queue-url', QueueUrl, '--wait-time-seconds', '5');
  expect(Messages[0].Body).toBe('🚀');
  await aws('delete-message', '--queue-url', QueueUrl, '--receipt-handle', Messages[0].ReceiptHandle);
  const { Attributes } = await aws('get-queue-attributes', '--queue-url', QueueUrl, '--attribute-names', 'All');
  expect(Attributes.ApproximateNumberOfMessagesNotVisible).toBe('0');
  const refused = aws('receive-message', '--queue-url', `${QueueUrl}x`);
  await expect(refused).rejects.toThrow('AWS.SimpleQueueService.NonExistentQueue');
});

test('the AWS SDK can use the server', { timeout: 60_000 }, async () => {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const client = new SQSClient({ endpoint: served.url, region: 'us-east-1', credentials });
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: 'sdk' }));
  expect(QueueUrl).toBe(`${served.url}/000000000000/sdk`);
  const receive = (more: object = {}, options: object = {}) =>
    client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }), options);

  // The SDK checks the digests of what it sends and receives.
  const attributes = {
    text: { DataType: 'String', StringValue: 'ö' },
    bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255, 7]) },
  };
  const Entries = [
    { Id: 'good', MessageBody: '🚀', MessageAttributes: attributes },
    { Id: 'bad', MessageBody: 'a\u0000b' },
  ];
  const sent = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  expect(sent.Failed).toMatchObject([{ Id: 'bad', Code: 'InvalidMessageContents', SenderFault: true }]);
  const { Messages = [] } = await receive({ MessageAttributeNames: ['All'] });
  expect(Messages).toMatchObject([{ Body: '🚀', MessageAttributes: attributes }]);
  const { ReceiptHandle } = Messages[0]!;
  const removal = new DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', ReceiptHandle }] });
  expect((await client.send(removal)).Successful).toEqual([{ Id: 'a' }]);

  const gone = new AbortController();
  const counts = () => served.server.stats().queues.find(({ name }) => name === 'sdk');
  const poll = receive({ WaitTimeSeconds: 20 }, { abortSignal: gone.signal });
  await vi.waitUntil(() => counts()?.waiting === 1);
  gone.abort();
  await expect(poll).rejects.toThrow();
  await vi.waitUntil(() => counts()?.waiting === 0);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  expect(counts()).toMatchObject({ visible: 1, inFlight: 0 });

  const other = client.send(new ReceiveMessageCommand({ QueueUrl: `${QueueUrl}x` }));
  await expect(other).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  const fifo = client.send(new CreateQueueCommand({ QueueName: 'sdk.fifo', Attributes: { FifoQueue: 'true' } }));
  await expect(fifo).rejects.toMatchObject({ name: 'UnsupportedOperation' });
  client.destroy();
});
