/** The queues of all shards as one: for health checks, and for what an operator does. */
import { jsonOf } from '../lib/json.js';
import type { Message } from '../protocol/message.js';
import { parseRelayedLine } from '../protocol/relay.js';
import { allShards, shardOfMessage } from '../protocol/shard.js';
import { openConfiguredQueue, type QueueSettings } from './open-queue.js';
import { PACKED_ATTRIBUTE, unpackedLines } from './packed.js';
import type { AdminQueue, Queue, QueueDepth, QueueToSend } from './queue.js';

/** In the order of their shards. Rejects as `openConfiguredQueue` does. */
export const openShardQueues = (settings: QueueSettings): Promise<(Queue & AdminQueue)[]> =>
  Promise.all(allShards(settings.shards).map((shard) => openConfiguredQueue(settings, shard)));

/** Rejects where one of them does. */
export function asOne(queues: Pick<QueueToSend, 'name' | 'depth'>[]): Pick<QueueToSend, 'name' | 'depth'> {
  const [first] = queues;
  if (first !== undefined && queues.length === 1) return first;
  return {
    name: nameOf(queues),
    async depth() {
      const depths = await Promise.all(queues.map((queue) => queue.depth()));
      const total = (of: keyof QueueDepth) => depths.reduce((sum, depth) => sum + depth[of], 0);
      return { visible: total('visible'), inFlight: total('inFlight'), delayed: total('delayed') };
    },
  };
}

const nameOf = (queues: { name: string }[]) => `${queues[0]?.name} and ${queues.length - 1} more`;

/** What is sent back goes to the queue of its host, from whichever dead-letter queue it is. */
export function joinShards(queues: AdminQueue[]): AdminQueue {
  const [first] = queues;
  if (first !== undefined && queues.length === 1) return first;
  /** By receipt. */
  const owners = new Map<string, AdminQueue>();
  /** The queue that is looked at. */
  let next = 0;
  const each = async (receipts: string[], act: (queue: AdminQueue, own: string[]) => Promise<string[]>) => {
    const own = queues.map((queue) => receipts.filter((receipt) => owners.get(receipt) === queue));
    const results = await Promise.all(queues.map((queue, i) => (own[i]?.length ? act(queue, own[i]) : undefined)));
    return results.flatMap((result) => result ?? []);
  };
  return {
    ...asOne(queues),
    async oldestAge() {
      const ages = await Promise.all(queues.map((queue) => queue.oldestAge()));
      const known = ages.filter((age) => age !== undefined);
      return known.length > 0 ? Math.max(...known) : undefined;
    },
    deadLetters: async () => joinShards(await Promise.all(queues.map((queue) => queue.deadLetters()))),
    async look(options) {
      for (; next < queues.length; next++) {
        const queue = queues[next];
        // A look waits for the first message.
        if (!queue || (await queue.depth()).visible === 0) continue;
        const messages = await queue.look(options);
        for (const { receipt } of messages) owners.set(receipt, queue);
        if (messages.length > 0) return messages;
      }
      next = 0;
      return [];
    },
    async release(receipts) {
      await each(receipts, async (queue, own) => {
        await queue.release(own);
        return [];
      });
    },
    delete: (receipts) => each(receipts, (queue, own) => queue.delete(own)),
    async sendBack(message) {
      // Those of a packed message belong together, or are told apart by the puller.
      const [first = message.body] = unpackedLines(message.attributes[PACKED_ATTRIBUTE], message.body) ?? [];
      const body = Object(jsonOf(parseRelayedLine(first)?.text ?? first)) as Message;
      await queues[shardOfMessage(body, queues.length)]?.sendBack(message);
    },
    purge: async () => void (await Promise.all(queues.map((queue) => queue.purge()))),
    close() {
      for (const queue of queues) queue.close();
    },
  };
}
