/** The embedded queue server at a fixed time, called as SDKs call it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createQueueServer } from '../../../sqs-server/sqs-server.js';
import { HELD_CLOCK } from '../../support/test-clock.js';
import { type Answer, HttpTranscript, numberIds } from './http-transcript.js';

/** What the clock shows at first. */
export const NOW = Date.parse('2025-03-26T12:00:00.000Z');

export const urlOf = (name: string) => `http://queue.test:9324/000000000000/${name}`;
export const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

type Options = Partial<Parameters<typeof createQueueServer>[0]>;

export interface SqsOfTest {
  server: ReturnType<typeof createQueueServer>;
  transcript: HttpTranscript;
  /** Calls an action and writes down both sides. */
  call(title: string, action: string, input?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Calls an action without writing it down. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  quietly(action: string, input: unknown): Promise<any>;
  /** Repeats a call, without writing it down, until its answer is as it should be. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  untilAnswer(action: string, input: unknown, good: (answer: any) => boolean): Promise<void>;
}

export function sqsOfTest(title: string, options: Options = {}): SqsOfTest {
  const server = createQueueServer({ path: ':memory:', clock: HELD_CLOCK, ...options });
  const transcript = new HttpTranscript(title, server.app, normalize);
  const headersOf = (action: string) => ({ host: 'queue.test:9324', 'x-amz-target': `AmazonSQS.${action}` });
  const quietly: SqsOfTest['quietly'] = async (action, input) => {
    const init = { method: 'POST', headers: headersOf(action), body: JSON.stringify(input) };
    const text = await (await server.app.request('/', init)).text();
    return text === '' ? undefined : JSON.parse(text);
  };
  return {
    server,
    transcript,
    call: (title, action, input = {}, headers = {}) =>
      transcript.call(title, 'POST', '/', { headers: { ...headersOf(action), ...headers }, body: input }),
    quietly,
    async untilAnswer(action, input, good) {
      while (!good(await quietly(action, input))) await nextTurn();
    },
  };
}

/** Ids are made at random; how many transactions there were depends on the time that requests took. */
function normalize(text: string): string {
  const plain = text
    .replace(/(x-amzn-requestid: )[0-9a-f-]{36}/g, '$1<uuid>')
    .replace(/("commits":\s?)\d+/g, '$1<number>')
    .replace(/eyJ[A-Za-z0-9+/]{40,}=*/g, (token) => {
      return `<base64 of ${Buffer.from(token, 'base64').toString().replaceAll('"', "'")}>`;
    });
  return numberIds(plain);
}
