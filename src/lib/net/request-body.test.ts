import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { answerError } from '../errors/http-error.js';
import { MAX_ARRIVING_BYTES, MAX_BODY_BYTES, readBody } from './request-body.js';

const parsed: number[] = [];
const app = new Hono()
  .post('/', async (c) =>
    c.json(
      await readBody(c, ({ length }) => {
        parsed.push(length);
        return length;
      }),
    ),
  )
  .onError((error, c) => answerError(error, c, () => {}));

async function post(body: RequestInit['body'], headers: Record<string, string> = {}) {
  const response = await app.request('/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  return { status: response.status, body: (await response.json()) as unknown };
}

/** Ends when it is told to. */
function slowly(bytes: number) {
  let end = () => {};
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(bytes));
      end = () => controller.close();
    },
  });
  return { stream, end };
}

test.each([0, 1, 16_384, 16_385, MAX_BODY_BYTES])('a body of %i bytes is read, announced or not', async (length) => {
  const bytes = new Uint8Array(length);
  expect(await post(bytes, { 'content-length': String(length) })).toEqual({ status: 200, body: length });
  const { stream, end } = slowly(length);
  end();
  expect(await post(stream)).toEqual({ status: 200, body: length });
});

test('a longer one is refused: by what it announces, or as soon as it is longer', async () => {
  const tooLarge = { status: 413, body: { error: { code: 'TOO_LARGE' } } };
  expect(await post('{}', { 'content-length': String(MAX_BODY_BYTES + 1) })).toMatchObject(tooLarge);
  // It never ends.
  expect(await post(slowly(MAX_BODY_BYTES + 1).stream)).toMatchObject(tooLarge);
});

test.each(['gzip', 'br', 'gzip, identity'])('%s is not unpacked', async (encoding) => {
  const answer = await post('{}', { 'content-encoding': encoding });
  expect(answer).toMatchObject({ status: 415, body: { error: { code: 'BODY_ENCODED' } } });
});

test('bodies that arrive have a share of the memory; small ones go on, and large ones when there is room again', async () => {
  const slow = Array.from({ length: MAX_ARRIVING_BYTES / MAX_BODY_BYTES }, () => slowly(MAX_BODY_BYTES));
  const waiting = slow.map(({ stream }) => post(stream));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const large = new Uint8Array(20_000);
  expect(await post(large)).toMatchObject({ status: 503, body: { error: { code: 'OVERLOADED' } } });
  expect(await post('{}')).toEqual({ status: 200, body: 2 });
  for (const { end } of slow) end();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(waiting.map(() => 200));
  expect(await post(large)).toEqual({ status: 200, body: 20_000 });
});

test('large bodies are parsed one in a turn of the event loop, so that others are answered in between', async () => {
  parsed.length = 0;
  const seen: number[] = [];
  const watch = () => {
    seen.push(parsed.length);
    if (parsed.length < 8) setImmediate(watch);
  };
  setImmediate(watch);
  await Promise.all(Array.from({ length: 8 }, () => post(new Uint8Array(500_000))));
  expect(new Set(seen.filter((n) => n < 8))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
});
