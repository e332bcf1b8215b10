import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClient, endpointOf, findEndpoint, loadSdk, queueUrlOf, type SqsConnection } from './sqs-client.js';

const VARIABLES = [
  ...['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SQS', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'],
  ...['AWS_REGION', 'AWS_DEFAULT_REGION'],
];
beforeEach(() => {
  for (const name of VARIABLES) vi.stubEnv(name, '');
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const AMAZON = 'https://sqs.eu-west-1.amazonaws.com/123456789012/q';
const OURS = 'http://127.0.0.1:9324/000000000000/q';

test.each<[SqsConnection, Record<string, string>, string | undefined]>([
  [{ queue: 'q' }, {}, undefined],
  [{ queue: AMAZON }, {}, undefined],
  [{ queue: 'https://queue.amazonaws.com/1/q' }, {}, undefined],
  [{ queue: 'https://sqs.cn-north-1.amazonaws.com.cn/1/q' }, {}, undefined],
  [{ queue: 'https://sqs.eu-west-1.api.aws/1/q' }, {}, undefined],
  [{ queue: 'https://amazonaws.com.example/1/q' }, {}, 'https://amazonaws.com.example'],
  [{ queue: OURS }, {}, 'http://127.0.0.1:9324'],
  [{ queue: 'q', endpoint: 'http://a:1/path' }, {}, 'http://a:1'],
  [{ queue: 'q', endpoint: 'HTTPS://a' }, { AWS_ENDPOINT_URL_SQS: 'http://b' }, 'https://a'],
  [{ queue: 'q' }, { AWS_ENDPOINT_URL: 'http://a' }, 'http://a'],
  [{ queue: 'q' }, { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_SQS: 'http://b' }, 'http://b'],
  [{ queue: 'q' }, { AWS_ENDPOINT_URL: 'http://a', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'True' }, undefined],
  [{ queue: 'q' }, { AWS_ENDPOINT_URL: 'http://a', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'no' }, 'http://a'],
])('%j with %j has the endpoint %s', (connection, variables, endpoint) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  expect(endpointOf(connection)).toBe(endpoint);
});

test.each([
  [{ queue: AMAZON, endpoint: 'http://a' }, 'QUEUE_ENDPOINT_MISMATCH', /AWS_ENDPOINT_URL/],
  [{ queue: OURS, endpoint: 'http://127.0.0.1:9325' }, 'QUEUE_ENDPOINT_MISMATCH', /by its name/],
  [{ queue: 'q', endpoint: 'localhost:9324' }, 'QUEUE_ENDPOINT_INVALID', undefined],
  [{ queue: 'q', endpoint: 'http://' }, 'QUEUE_ENDPOINT_INVALID', undefined],
  [{ queue: 'arn:aws:sqs:x:1:q' }, 'QUEUE_INVALID', /or its name alone/],
  [{ queue: 'a/b' }, 'QUEUE_INVALID', /or its name alone/],
])('%j is refused with %s', (connection, code, hint) => {
  expect(() => endpointOf(connection)).toThrow(expect.objectContaining({ code, exitCode: 2 }));
  if (hint)
    expect(() => endpointOf(connection)).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
});

test('a queue is a URL or a name', () => {
  expect(queueUrlOf(OURS)?.host).toBe('127.0.0.1:9324');
  expect(queueUrlOf('HTTP://a/q')?.host).toBe('a');
  expect(queueUrlOf('my-queue_1.fifo')).toBeUndefined();
});

test.each<[SqsConnection, Record<string, string>, string]>([
  [{ queue: AMAZON }, { AWS_REGION: 'us-east-2' }, 'eu-west-1'],
  [{ queue: AMAZON, region: 'ap-south-1' }, {}, 'ap-south-1'],
  [{ queue: 'https://sqs-fips.us-gov-west-1.amazonaws.com/1/q' }, {}, 'us-gov-west-1'],
  [{ queue: 'https://eu-west-3.queue.amazonaws.com/1/q' }, {}, 'eu-west-3'],
  [{ queue: 'https://sqs.cn-north-1.amazonaws.com.cn/1/q' }, {}, 'cn-north-1'],
  [{ queue: 'q' }, { AWS_REGION: 'us-east-2', AWS_DEFAULT_REGION: 'us-west-1' }, 'us-east-2'],
  [{ queue: 'q' }, { AWS_DEFAULT_REGION: 'us-west-1' }, 'us-west-1'],
  [{ queue: 'q', endpoint: 'http://a' }, {}, 'us-east-1'],
  [{ queue: OURS }, { AWS_DEFAULT_REGION: 'us-west-1' }, 'us-west-1'],
])('%j with %j is called in %s', async (connection, variables, region) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const client = createClient(await loadSdk(), {
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    ...connection,
  });
  expect(await client.config.region()).toBe(region);
  client.destroy();
});

test.each<[string, Record<string, string>, string]>([
  [OURS, {}, 'http://127.0.0.1:9324'],
  [AMAZON, {}, 'https://sqs.eu-west-1.amazonaws.com'],
  ['https://eu-west-3.queue.amazonaws.com/1/q', {}, 'https://eu-west-3.queue.amazonaws.com'],
  ['q', { AWS_REGION: 'eu-west-1' }, 'https://sqs.eu-west-1.amazonaws.com'],
  ['q', { AWS_REGION: 'us-gov-west-1', AWS_USE_FIPS_ENDPOINT: 'true' }, 'https://sqs.us-gov-west-1.amazonaws.com'],
  ['q', { AWS_REGION: 'us-east-1', AWS_USE_FIPS_ENDPOINT: 'true' }, 'https://sqs-fips.us-east-1.amazonaws.com'],
  ['q', { AWS_REGION: 'us-east-1', AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'https://sqs.us-east-1.api.aws'],
])('requests for %s with %j go to %s', async (queue, variables, endpoint) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const sdk = await loadSdk();
  const client = createClient(sdk, { queue, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  expect((await findEndpoint(sdk, client, { queue })).origin).toBe(endpoint);
});

test('requests for a name go to the endpoint of the profile, where it has one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sqs-client-'));
  const file = join(folder, 'config');
  writeFileSync(file, '[profile local]\nendpoint_url = http://127.0.0.1:4566\nregion = eu-west-1\n');
  vi.stubEnv('AWS_CONFIG_FILE', file);
  vi.stubEnv('AWS_PROFILE', 'local');
  // Empty ones would count.
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SQS', 'AWS_REGION']) delete process.env[name];
  const sdk = await loadSdk();
  const connection = { queue: 'q', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  expect((await findEndpoint(sdk, createClient(sdk, connection), connection)).origin).toBe('http://127.0.0.1:4566');
  rmSync(folder, { recursive: true });
});
