/** The queue that a command works on: the one that the settings name, else that of the running `up`. */
import { resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import type { QueueSettings } from '../queue/open-queue.js';
import { QUEUE_NAME } from '../queue/queue.js';
import { readRunState } from './run-state.js';

/** Throws `NO_QUEUE` where there is neither. */
export function findQueue(settings: Settings): QueueSettings {
  if (settings.queue !== undefined) return settings;
  const state = readRunState(resolve(settings.stateDir));
  if (!state?.alive) {
    throw new AppError('NO_QUEUE', 'no network is up in this folder, and no queue is named', {
      hint: 'Go to the folder where `up` runs (or name its state folder with --state-dir), or use --queue (or SQS_QUEUE_URL).',
    });
  }
  const { queue: server } = state.endpoints;
  const { queue, queueEndpoint, awsRegion, shards = 1 }: Partial<QueueSettings> = state.settings;
  if (server !== undefined) {
    const own = `${server}/000000000000/${QUEUE_NAME}`;
    return { ...settings, shards, queue: own, queueEndpoint: server, queueUnsigned: true };
  }
  // It was started with a queue of somebody else, by flags perhaps.
  return {
    ...settings,
    shards,
    queue,
    queueEndpoint: settings.queueEndpoint ?? queueEndpoint,
    awsRegion: settings.awsRegion ?? awsRegion,
  };
}
