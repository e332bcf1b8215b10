import { mkdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { Settings } from '../config/settings.js';
import { identify } from '../lib/process/process-id.js';
import { Box } from '../test/support/box.js';
import { findQueue } from './queue-of-up.js';
import { type RunState, writeRunState } from './run-state.js';

const box = new Box();
mkdirSync(box.stateDir);
afterAll(() => box.close());

const settings = (over: Partial<Settings> = {}) =>
  ({ stateDir: box.stateDir, queueUnsigned: false, ...over }) as Settings;
const own = identify('up', process.pid)!;
const runs = (over: Partial<RunState>) =>
  writeRunState(box.stateDir, {
    ...{ up: own, began: 0, kind: 'embedded', phase: 'ready', control: 'http://c', connection: {}, settings: {} },
    ...{ children: [], endpoints: { proxy: 'http://p', puller: 'http://q' } },
    ...over,
  });

test('without an up the settings say which queue it is, or none', () => {
  expect(() => findQueue(settings())).toThrow(expect.objectContaining({ code: 'NO_QUEUE', exitCode: 2 }));
  runs({
    up: { ...own, started: 'long ago' },
    endpoints: { proxy: 'http://p', puller: 'http://q', queue: 'http://s:1' },
  });
  expect(() => findQueue(settings())).toThrow(expect.objectContaining({ code: 'NO_QUEUE' }));
  expect(findQueue(settings({ queue: 'q' })).queue).toBe('q');
});

test('the queue server of the running up, unless the settings name another queue', () => {
  runs({ endpoints: { proxy: 'http://p', puller: 'http://q', queue: 'http://s:1' } });
  expect(findQueue(settings())).toMatchObject({
    ...{ queue: 'http://s:1/000000000000/wasm-sensors', queueEndpoint: 'http://s:1', queueUnsigned: true },
  });
  expect(findQueue(settings({ queue: 'other' }))).toMatchObject({ queue: 'other', queueUnsigned: false });
});

test('the queue that up was given', () => {
  runs({ settings: { queue: 'readings', awsRegion: 'eu-west-1', queueEndpoint: 'http://a' } });
  expect(findQueue(settings())).toMatchObject({ queue: 'readings', awsRegion: 'eu-west-1', queueEndpoint: 'http://a' });
  expect(findQueue(settings({ awsRegion: 'us-east-1' }))).toMatchObject({ queue: 'readings', awsRegion: 'us-east-1' });
});
