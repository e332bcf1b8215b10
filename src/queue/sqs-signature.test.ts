import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openCall } from './sqs-call.js';
import { createClient, loadSdk } from './sqs-client.js';
import { SqsSigner } from './sqs-signature.js';

const NOW = Date.parse('2026-03-01T12:34:56.789Z');
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const TARGET = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' };

/** A header that the SDK adds for every service. Only S3 wants it. */
const BODY_HASH = 'x-amz-content-sha256';

/** What the SDK makes of the same request. */
async function signedBySdk(credentials: typeof KEYS, time: number, body: string): Promise<Record<string, string>> {
  const sdk = await loadSdk();
  const client = createClient(sdk, { queue: 'q', region: 'eu-west-1', credentials });
  // The first call makes the signer.
  const config = client.config as unknown as {
    signer(scheme: object): Promise<{ sign(request: object, options: object): Promise<typeof request> }>;
  };
  const signer = await config.signer({ name: 'sigv4', signingName: 'sqs', signingRegion: 'eu-west-1' });
  const request = { method: 'POST', protocol: 'https:', hostname: 'h', path: '/', query: {}, body };
  const signed = await signer.sign(
    { ...request, headers: { ...TARGET, host: 'sqs.example:9' } },
    {
      signingDate: new Date(time),
      signingRegion: 'eu-west-1',
      signingService: 'sqs',
      unsignableHeaders: new Set([BODY_HASH]),
    },
  );
  return (signed as { headers: Record<string, string> }).headers;
}

test('a request is signed as the SDK signs it, on each day and with each key', async () => {
  const signer = new SqsSigner('eu-west-1');
  const temporary = { ...KEYS, secretAccessKey: 'other', sessionToken: 'token' };
  for (const [credentials, time, body] of [
    [KEYS, NOW, '{}'],
    [KEYS, NOW, '{"a":"🚀"}'],
    [KEYS, NOW + 86_400_000, '{}'],
    [temporary, NOW + 86_400_000, '{}'],
  ] as const) {
    const { [BODY_HASH]: _, ...theirs } = await signedBySdk(credentials, time, body);
    const ours = signer.sign({ host: 'sqs.example:9', headers: TARGET, body: Buffer.from(body) }, credentials, time);
    expect(ours).toMatchObject(theirs);
  }
});

test('a clock that is wrong is corrected by the answer that refuses a request', async () => {
  const signer = new SqsSigner('eu-west-1');
  const dateAfter = (date: string | undefined) => {
    signer.correct(date, NOW);
    return signer.sign({ host: 'h', headers: TARGET, body: Buffer.alloc(0) }, KEYS, NOW)['x-amz-date'];
  };
  expect(dateAfter(undefined)).toBe('20260301T123456Z');
  expect(dateAfter('Sun, 01 Mar 2026 12:39:00 GMT')).toBe('20260301T123456Z');
  expect(dateAfter('Sun, 01 Mar 2026 13:34:56 GMT')).toBe('20260301T133456Z');
  expect(dateAfter('Sun, 01 Mar 2026 12:34:56 GMT')).toBe('20260301T123456Z');
  // First behind, then ahead of it.
  expect(dateAfter('Sun, 01 Mar 2026 11:34:56 GMT')).toBe('20260301T113456Z');
  expect(dateAfter('Sun, 01 Mar 2026 13:34:56 GMT')).toBe('20260301T133456Z');
});

test('what a server gets is what was signed', async () => {
  let got: IncomingMessage | undefined;
  const server = createServer((request, response) => {
    got = request;
    response.end('{"QueueUrl":"u"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const call = openCall({ queue: 'q', endpoint: `http://127.0.0.1:${port}`, region: 'eu-west-1', credentials: KEYS });
  expect(await call('GetQueueUrl', { QueueName: 'q' })).toEqual({ QueueUrl: 'u' });
  call.close();
  const { authorization, host, 'x-amz-date': date, 'content-type': type, 'x-amz-target': target } = got!.headers;
  const time = Date.parse(String(date).replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'));
  const headers = { 'content-type': String(type), 'x-amz-target': String(target) };
  const again = new SqsSigner('eu-west-1').sign(
    { host: host!, headers, body: Buffer.from('{"QueueName":"q"}') },
    KEYS,
    time,
  );
  expect(authorization).toBe(again.authorization);
});
