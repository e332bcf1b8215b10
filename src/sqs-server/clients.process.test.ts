/** The server with clients that other people wrote. They are used where they are installed. */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LoopbackQueueServer, serveOnLoopback } from './serve-on-loopback.js';

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
import boto3
sqs = boto3.client('sqs')
url = sqs.create_queue(QueueName='boto', Attributes={'VisibilityTimeout': '5'})['QueueUrl']
assert sqs.get_queue_url(QueueName='boto')['QueueUrl'] == url
attribute = {'n': {'DataType': 'Number', 'StringValue': '7'}, 'b': {'DataType': 'Binary', 'BinaryValue': b'\\x00\\xff'}}
sent = sqs.send_message_batch(QueueUrl=url, Entries=[
    {'Id': 'one', 'MessageBody': '\\U0001F680', 'MessageAttributes': attribute},
    {'Id': 'two', 'MessageBody': 'x' * 100000},
])
assert [s['Id'] for s in sent['Successful']] == ['one', 'two'], sent
received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5,
                               MessageAttributeNames=['All'], AttributeNames=['All'])['Messages']
assert received[0]['Body'] == '\\U0001F680', received
assert received[0]['MessageAttributes'] == attribute, received
assert received[0]['MD5OfMessageAttributes'] == sent['Successful'][0]['MD5OfMessageAttributes']
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
