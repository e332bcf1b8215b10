import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { AppError } from './app-error.js';
import { answerError, errorFromAnswer, httpErrorBody, httpErrorSchema, readJsonBody } from './http-error.js';

/** What a handler that throws this answers, and what goes to the log. */
async function answerTo(error: unknown) {
  const log: string[] = [];
  const app = new Hono();
  app.get('/x', () => {
    throw error;
  });
  app.onError((thrown, c) => answerError(thrown, c, (text) => log.push(text)));
  const response = await app.request('/x');
  return { status: response.status, body: await response.json(), log };
}

test.each([
  ['a code with a status of its own', new AppError('STATE_LOST', 'lost'), 409],
  ['what the caller can fix', new AppError('NO_SUCH_REGION', 'no mars'), 422],
  ['what failed around us', new AppError('HOST_FULL', 'full'), 500],
])('%s is answered with its status and is not logged', async (_, error, status) => {
  const { code, message } = error;
  expect(await answerTo(error)).toEqual({ status, body: { error: { code, message, reason: message } }, log: [] });
});

test('a hint travels along', async () => {
  const { body } = await answerTo(new AppError('NO_SUCH_REGION', 'no mars', { hint: 'Try eu.' }));
  expect(body).toMatchObject({ error: { hint: 'Try eu.' } });
});

test('a bug is a 500, and its stack goes to the log only', async () => {
  const { status, body, log } = await answerTo(new TypeError('x is undefined'));
  expect([status, body]).toEqual([
    500,
    { error: { code: 'INTERNAL', message: 'x is undefined', reason: 'x is undefined' } },
  ]);
  expect(log).toEqual([expect.stringMatching(/^GET \/x: TypeError: x is undefined\n\s+at /)]);
});

test.each([
  ['{', 400, { code: 'NOT_JSON', message: expect.stringMatching(/^the body is not JSON: ./) }],
  ['{"a":{"b":"1"}}', 422, { code: 'BAD_REQUEST', message: expect.stringMatching(/^a\.b: ./) }],
  ['1', 422, { code: 'BAD_REQUEST', message: expect.stringMatching(/^body: ./) }],
  ['{"a":{"b":1}}', 200, undefined],
])('the body %s is answered with %d', async (body, status, error) => {
  const app = new Hono();
  app.put('/', async (c) => c.json(await readJsonBody(c, z.object({ a: z.object({ b: z.number() }) }))));
  app.onError((thrown, c) => answerError(thrown, c, () => {}));
  const response = await app.request('/', { method: 'PUT', body });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject(error ? { error } : { a: { b: 1 } });
});

test.each([
  [httpErrorBody({ code: 'X', message: 'm' }), { code: 'X', message: 'm' }],
  [httpErrorBody({ code: 'X', message: 'm', hint: 'h' }), { code: 'X', message: 'm', hint: 'h' }],
  [{ error: { code: 'X' } }, { code: 'X', message: 'X' }],
])('%j is read', (body, error) => {
  expect(httpErrorSchema.parse(body)).toEqual(error);
});

test('a client throws what the service answered, with the fault and exit code of the table', () => {
  const answer = httpErrorBody({ code: 'NO_SUCH_REGION', message: 'no mars', hint: 'Try eu.' });
  const error = errorFromAnswer(answer, 'PROXY_ERROR', 'HTTP 422');
  expect(error).toMatchObject({
    code: 'NO_SUCH_REGION',
    fault: 'user',
    exitCode: 2,
    message: 'no mars',
    hint: 'Try eu.',
  });
});

test.each([
  [httpErrorBody({ code: 'NEWER', message: 'new' }), 'new'],
  ['<html>', 'HTTP 502'],
  [undefined, 'HTTP 502'],
])('the answer %j has no code that is known here', (answer, message) => {
  const error = errorFromAnswer(answer, 'PROXY_ERROR', 'HTTP 502');
  expect(error).toMatchObject({ code: 'PROXY_ERROR', fault: 'system', exitCode: 1, message, hint: undefined });
});
