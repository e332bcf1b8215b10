import { expect, test } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import { createLogger } from '../../lib/log/logger.js';
import { checkQueue } from './run-service.js';

// With `info` and "not there yet" nobody looks for credentials.
test.each([
  ['QUEUE_CREDENTIALS', 'error', 'queue.refused'],
  ['QUEUE_DENIED', 'error', 'queue.refused'],
  ['QUEUE_UNREACHABLE', 'info', 'queue.unreachable'],
  ['QUEUE_NOT_FOUND', 'info', 'queue.unreachable'],
] as const)('at the start of a service, %s is logged as %s', async (code, level, event) => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line) });
  const queue = { depth: () => Promise.reject(new AppError(code, 'why', { hint: 'do this' })) };
  await checkQueue(queue, log);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level, event, msg: expect.stringContaining('why'), ...(level === 'error' ? { code, hint: 'do this' } : {}) },
  ]);
});
