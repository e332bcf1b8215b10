import type { SettingKey, Settings } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import { listDeadLetters, peekQueue, purgeQueue, readQueueStatus } from '../../operations/queue/inspect-queue.js';
import { replayAll, replayOnly } from '../../operations/queue/replay-dead-letters.js';
import type { AdminQueue } from '../../queue/queue.js';
import { joinShards, openShardQueues } from '../../queue/shard-queues.js';
import { findQueue } from '../../runtime/queue-of-up.js';
import { command } from '../command.js';
import { canAsk, confirm } from '../confirm.js';
import * as option from '../options.js';
import {
  deadLettersText,
  peekText,
  purgedText,
  purgeQuestion,
  queueStatusText,
  replayedText,
} from '../output/queue-text.js';

const QUEUE_SETTINGS: SettingKey[] = ['queue', 'queueEndpoint', 'queueUnsigned', 'awsRegion', 'shards', 'stateDir'];

/** Works on the queue of the settings, or of the running `up`. Rejects with `NO_QUEUE` where there is neither. */
async function withQueue<T>(settings: Settings, work: (queue: AdminQueue) => Promise<T>): Promise<T> {
  const queue = joinShards(await openShardQueues(findQueue(settings)));
  try {
    return await work(queue);
  } finally {
    queue.close();
  }
}

const limitOption = (fallback: string) =>
  option.value('-n, --limit <count>', 'largest number of messages', option.integer(1), fallback);

export const queueStatus = command({
  name: 'queue status',
  summary: 'show how many messages wait in the queue, and how many are dead letters',
  settings: QUEUE_SETTINGS,
  async action({ out, settings }) {
    const status = await withQueue(settings, readQueueStatus);
    out.result(status, (style) => queueStatusText(status, style));
  },
});

export const queuePeek = command({
  name: 'queue peek',
  summary: 'show the next messages of the queue and give them back; each look counts as a delivery',
  settings: QUEUE_SETTINGS,
  options: { limit: limitOption('10') },
  async action({ out, settings, options }) {
    const found = await withQueue(settings, (queue) => peekQueue(queue, options.limit));
    out.result(found, () => peekText(found));
    if (found.messages.length === 0) return;
    out.note(
      'The messages stay in the queue. Each `queue peek` counts as a delivery: one that is delivered too often becomes a dead letter.',
    );
  },
});

export const queueDeadLetters = command({
  name: 'queue dead-letters',
  summary: 'list the messages that could not be stored, with the reason',
  settings: QUEUE_SETTINGS,
  options: { limit: limitOption('1000') },
  async action({ out, settings, options }) {
    const found = await withQueue(settings, (queue) => listDeadLetters(queue, options.limit));
    out.result(found, (style) => deadLettersText(found.deadLetters, style));
  },
});

export const queueReplay = command({
  name: 'queue replay [ids...]',
  summary: 'send dead letters back to the queue, once the cause is fixed',
  settings: QUEUE_SETTINGS,
  options: { all: option.flag('--all', 'every dead letter') },
  examples: ['wasm-sensors queue replay --all'],
  async action({ out, settings, options, args: { ids } }) {
    if (options.all === ids.length > 0) {
      throw new AppError('BAD_OPTION', 'name dead letters by their ids, or all of them with --all', {
        hint: '`wasm-sensors queue dead-letters` lists them.',
      });
    }
    const onProgress = (replayed: number) => {
      if (replayed > 0) out.progress(replayedText(replayed));
    };
    const result = await withQueue(settings, (queue) =>
      options.all ? replayAll(queue, onProgress) : replayOnly(queue, ids, onProgress),
    );
    out.result(result, () => replayedText(result.replayed));
  },
});

export const queuePurge = command({
  name: 'queue purge',
  summary: 'delete every message of the queue, or every dead letter; asks first',
  settings: QUEUE_SETTINGS,
  options: {
    deadLetters: option.flag('--dead-letters', 'the dead letters, instead of the queue itself'),
    yes: option.yes(),
  },
  examples: ['wasm-sensors queue purge --dead-letters --yes'],
  async action({ out, settings, options: { deadLetters, yes } }) {
    const result = await withQueue(settings, (queue) =>
      purgeQueue(queue, {
        deadLetters,
        async confirm(url, messages) {
          if (yes || canAsk()) return yes || confirm(purgeQuestion(url, messages, deadLetters));
          throw new AppError('NOT_CONFIRMED', 'nothing is deleted without a confirmation', {
            hint: 'Give --yes where nobody can be asked.',
          });
        },
      }),
    );
    out.result(result, () => purgedText(result));
    return result.purged ? 0 : 1;
  },
});
