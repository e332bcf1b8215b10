/** Calls a queue server inside this process, without a port. */
import type { QueueServer } from '../../sqs-server/sqs-server.js';

const ACCOUNT = '000000000000';

export const urlOf = (queue: string) => `http://sqs.test/${ACCOUNT}/${queue}`;
export const arnOf = (queue: string) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${queue}`;

export interface SqsAnswer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read the fields that they expect
  body: any;
}

/** Calls an action. `input` that is text or bytes is sent as it is. An empty answer has the body `{}`. */
export async function requestSqs(
  { app }: QueueServer,
  action: string,
  input: object | string = {},
  headers: Record<string, string> = {},
): Promise<SqsAnswer> {
  const raw = typeof input === 'string' || input instanceof Uint8Array;
  const response = await app.request('/', {
    method: 'POST',
    headers: { host: 'sqs.test', 'x-amz-target': `AmazonSQS.${action}`, ...headers },
    body: raw ? (input as string) : JSON.stringify(input),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

/** The body of the answer to {@link requestSqs}. */
// biome-ignore lint/suspicious/noExplicitAny: tests read the fields that they expect
export async function callSqs(server: QueueServer, action: string, input: object | string = {}): Promise<any> {
  return (await requestSqs(server, action, input)).body;
}
