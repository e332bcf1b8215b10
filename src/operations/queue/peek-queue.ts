/** Looks at the next messages of a queue and gives them back. */
import type { AdminQueue, SeenMessage } from '../../queue/queue.js';
import { lookThrough } from './look-through-queue.js';

/** For the consumers of the queue these messages are late by this time at most. */
const HIDE_SECONDS = 5;

export type PeekedMessage = Pick<SeenMessage, 'id' | 'sentAt' | 'receiveCount' | 'attributes' | 'body'>;

export interface Peeked {
  /** Of the queue. */
  url: string;
  messages: PeekedMessage[];
}

export async function peekQueue(queue: AdminQueue, limit: number): Promise<Peeked> {
  const messages: PeekedMessage[] = [];
  for await (const some of lookThrough(queue, { limit, hideSeconds: HIDE_SECONDS })) {
    messages.push(
      ...some.map(({ id, sentAt, receiveCount, attributes, body }) => ({
        ...{ id, sentAt, receiveCount, attributes, body },
      })),
    );
  }
  return { url: queue.name, messages };
}
