import { beforeEach, expect, test, vi } from 'vitest';
import type { Settings } from '../config/settings.js';
import { openConfiguredQueue } from './open-queue.js';
import { openSqsQueue } from './sqs-queue.js';

vi.mock('./sqs-queue.js', () => ({ openSqsQueue: vi.fn(async () => 'opened') }));
beforeEach(() => {
  vi.mocked(openSqsQueue).mockClear();
});
const open = (settings: Partial<Settings>) =>
  openConfiguredQueue({ queueUnsigned: false, shards: 1, ...settings } as Settings);

test('without a queue nothing is opened', async () => {
  await expect(open({})).rejects.toMatchObject({
    code: 'NO_QUEUE',
    exitCode: 2,
    hint: expect.stringContaining('--queue'),
  });
  expect(openSqsQueue).not.toHaveBeenCalled();
});

test('the queue is opened as the settings say, and with nothing that they do not', async () => {
  expect(await open({ queue: 'q' })).toBe('opened');
  await open({ queue: 'q', queueUnsigned: true, awsRegion: 'eu-west-1', queueEndpoint: 'http://a' });
  expect(vi.mocked(openSqsQueue).mock.calls).toEqual([
    [{ queue: 'q', unsigned: false }],
    [{ queue: 'q', unsigned: true, region: 'eu-west-1', endpoint: 'http://a' }],
  ]);
});
