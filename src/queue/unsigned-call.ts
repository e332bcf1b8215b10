/**
 * Calls an SQS-compatible server that checks no signatures, such as the embedded one, without the SDK: signing and the
 * layers of the SDK cost ten times as much CPU as the call, and the SDK takes 70 ms to load.
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import { type QueueServerState, queueServerStateSchema } from './server-state.js';
import type { SqsCall } from './sqs-call.js';

/** Longer than the longest long poll (20 s). */
const TIMEOUT_MS = 30_000;

/** A refusal of the server, with the members of an SDK error that `sqs-errors.ts` reads. */
class SqsFailure extends Error {
  readonly $metadata: { httpStatusCode: number };

  constructor(status: number, body: string) {
    const { __type = '', message = body } = parseFailure(body);
    super(message);
    this.name = __type.slice(__type.indexOf('#') + 1);
    this.$metadata = { httpStatusCode: status };
  }
}

/** `endpoint`: the server's origin, `http://…`. */
export function createUnsignedCall(endpoint: string): SqsCall {
  const { hostname, port } = new URL(endpoint);
  // Long polls hold sockets, and must not make senders wait.
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  const target = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    agent,
    method: 'POST',
    path: '/',
    timeout: TIMEOUT_MS,
  };

  const call = (action: string, input: object, signal?: AbortSignal) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(input);
      const headers = {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': Buffer.byteLength(body),
        'x-amz-target': `AmazonSQS.${action}`,
      };
      const sent = request({ ...target, headers, ...(signal ? { signal } : {}) }, (response) => {
        readText(response)
          .then((text) => {
            const status = response.statusCode!;
            if (status !== 200) throw new SqsFailure(status, text);
            return text === '' ? {} : JSON.parse(text);
          })
          .then(resolve, reject);
      });
      sent.on('timeout', () => sent.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })));
      sent.on('error', reject);
      sent.end(body);
    });

  const serverState = async (): Promise<QueueServerState | undefined> => {
    const answer = await fetch(new URL('/ready', endpoint), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    // Other servers have no such path.
    return queueServerStateSchema.safeParse(await answer.json().catch(() => undefined)).data;
  };
  return Object.assign(call, { serverState, close: () => agent.destroy() }) as SqsCall;
}

function readText(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString()));
    response.on('error', reject);
  });
}

function parseFailure(body: string): { __type?: string; message?: string } {
  try {
    return JSON.parse(body) as { __type?: string; message?: string };
  } catch {
    return {};
  }
}
