/**
 * Calls SQS: an action with its input, over the JSON protocol. The SDK finds credentials, region and endpoint; its own calls
 * cost several times as much CPU. A server that checks no signatures, like the embedded one, is called without the SDK, which
 * takes 70 ms to load.
 */
import http, { type RequestOptions } from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { z } from 'zod';
import { jsonOf } from '../lib/json.js';
import { createClient, endpointOf, findEndpoint, loadSdk, type Sdk, type SqsConnection } from './sqs-client.js';
import { toQueueError } from './sqs-errors.js';
import { SqsSigner } from './sqs-signature.js';

/** What this program does with queues. */
export type Action =
  | 'ChangeMessageVisibilityBatch'
  | 'DeleteMessageBatch'
  | 'GetQueueAttributes'
  | 'GetQueueUrl'
  | 'PurgeQueue'
  | 'ReceiveMessage'
  | 'SendMessage'
  | 'SendMessageBatch';
type Command<A extends Action> = InstanceType<Sdk[`${A}Command`]>;
export type Input<A extends Action> = Command<A>['input'];
type Answer<A extends Action> = Awaited<ReturnType<ReturnType<Command<A>['resolveMiddleware']>>>['output'];
/** `$metadata` is the SDK's own. */
export type Output<A extends Action> = Omit<Answer<A>, '$metadata'>;

export interface SqsCall {
  /** Rejects with the codes of `Queue.send`, or with the reason of the signal. */
  <A extends Action>(action: A, input: Input<A>, signal?: AbortSignal): Promise<Output<A>>;
  /** Origin of a server that checks no signatures, such as our own. */
  server: string | undefined;
  close(): void;
}

/** Longer than the longest long poll (20 s). */
const TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 3_000;
/** Long polls hold sockets, and must not make senders wait. */
const AGENT = { keepAlive: true, maxSockets: 128 };

/** Where requests go, and what makes them valid there. */
interface Connection {
  target: RequestOptions;
  /** Completes the headers of a request. */
  sign?(headers: Record<string, string>, body: Buffer): Promise<Record<string, string>>;
  /** Learns from the date of an answer that refuses a request. */
  refused?(date: string | undefined): void;
}

const failureSchema = z.object({ __type: z.string().optional(), message: z.string().optional() });

/** A refusal of the server, with the members of an SDK error that `sqs-errors.ts` reads. */
function failureOf(httpStatusCode: number, body: string): Error {
  const { __type: name = '', message = `status ${httpStatusCode}` } = failureSchema.safeParse(jsonOf(body)).data ?? {};
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

/** Throws `QUEUE_INVALID` and `QUEUE_ENDPOINT_MISMATCH`. */
export function openCall(options: SqsConnection): SqsCall {
  const endpoint = endpointOf(options);
  const unsigned = options.unsigned && endpoint?.startsWith('http:') ? endpoint : undefined;
  const agents = [new http.Agent(AGENT), new https.Agent(AGENT)] as const;
  let found: Promise<Connection> | undefined;

  const connect = async (): Promise<Connection> =>
    unsigned === undefined ? connectSigned(options) : { target: urlToHttpOptions(new URL(unsigned)) };

  async function call(action: Action, input: { QueueUrl?: string; QueueName?: string }, signal?: AbortSignal) {
    try {
      return await send(action, input, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw toQueueError(error, input.QueueUrl ?? input.QueueName ?? options.queue);
    }
  }

  async function send(action: Action, input: object, signal?: AbortSignal): Promise<unknown> {
    found ??= connect();
    const { target, sign, refused } = await found.catch((error) => {
      found = undefined;
      throw error;
    });
    const body = Buffer.from(JSON.stringify(input));
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` };
    const request = {
      ...target,
      method: 'POST',
      headers: { ...(sign ? await sign(headers, body) : headers), 'content-length': body.length },
      timeout: TIMEOUT_MS,
      signal,
    };
    const sent =
      target.protocol === 'https:'
        ? https.request({ ...request, agent: agents[1] })
        : http.request({ ...request, agent: agents[0] });
    const { status, date, text } = await answerTo(sent, body);
    if (status === 200) return text === '' ? {} : JSON.parse(text);
    refused?.(date);
    throw failureOf(status, text);
  }

  const close = () => {
    for (const agent of agents) agent.destroy();
  };
  return Object.assign(call as SqsCall, { close, server: unsigned });
}

/** Rejects as the SDK does where it finds no region. */
async function connectSigned(options: SqsConnection): Promise<Connection> {
  const sdk = await loadSdk();
  const client = createClient(sdk, options);
  const url = await findEndpoint(sdk, client, options);
  const signer = new SqsSigner(await client.config.region());
  return {
    target: urlToHttpOptions(url),
    // The SDK keeps credentials until they expire.
    sign: async (headers, body) =>
      signer.sign({ host: url.host, headers, body }, await client.config.credentials(), Date.now()),
    refused: (date) => signer.correct(date, Date.now()),
  };
}

function answerTo(
  sent: http.ClientRequest,
  body: Buffer,
): Promise<{ status: number; date: string | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const giveUp = () => sent.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    sent.on('timeout', giveUp);
    sent.on('error', reject);
    sent.on('socket', (socket) => {
      if (!socket.connecting) return;
      const late = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
      for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(late));
    });
    sent.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const { statusCode = 0, headers } = answer;
        resolve({ status: statusCode, date: headers.date, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.end(body);
  });
}
