import { expect, test } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import type { Queue } from './queue.js';
import { healthRoutes } from './queue-health.js';

const routes = (depth: () => Promise<unknown>) => healthRoutes({ name: 'http://q', depth } as Queue);
const get = async (check: () => Promise<void>, path: string) => {
  const response = await routes(check).request(path);
  return [response.status, await response.json()];
};

test('health never asks the queue', async () => {
  const check = () => expect.unreachable('it asked the queue');
  expect(await get(check, '/health')).toEqual([200, { status: 'healthy' }]);
});

test('ready is what the queue says', async () => {
  expect(await get(async () => {}, '/ready')).toEqual([200, { status: 'ready', queue: 'http://q' }]);
  const fails = () => Promise.reject(new AppError('QUEUE_UNREACHABLE', 'no answer'));
  expect(await get(fails, '/ready')).toEqual([503, { status: 'not ready', reason: 'no answer' }]);
});
