/**
 * The queue without a shard's suffix, beside those of the shards: what was left in it from before there were shards, and what
 * proxies without `--shards` send to it. Each reading goes on to the queue of its shard before it is deleted here; one that
 * goes twice is recognised by the store.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../../lib/async/backoff.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { relayedLine } from '../../protocol/relay.js';
import { SENSOR_CONFIG_ATTRIBUTE } from '../../protocol/sensor-config.js';
import { shardOfMessage } from '../../protocol/shard.js';
import { PACKED_ATTRIBUTE, packedBody } from '../../queue/packed.js';
import {
  MAX_BATCH_BYTES,
  type OutgoingMessage,
  type Queue,
  REPLAY_OF_ATTRIBUTE,
  type ReceivedMessage,
} from '../../queue/queue.js';
import { MAX_ATTRIBUTES } from '../../queue/sqs-messages.js';
import { parseBody, partsOf } from '../delivery.js';
import type { FailureReporter } from '../failure-reporter.js';
import { messagesIn } from '../queue-watch.js';

export interface UnshardedOptions {
  /** Rejects with `QUEUE_NOT_FOUND` where there is none. */
  open(): Promise<Queue>;
  /** Of all shards. */
  queues: Queue[];
}

/** Most fleets with shards have no such queue, or may not use it. */
const NOT_THERE = new Set(['QUEUE_NOT_FOUND', 'QUEUE_DENIED']);
const LOOK_AGAIN_MS = 60_000;
const WAIT_SECONDS = 20;

export function divideUnsharded({ open, queues }: UnshardedOptions, failures: FailureReporter) {
  const stopping = new AbortController();
  const { signal } = stopping;
  let queue: Queue | undefined;
  let running: Promise<void> | undefined;
  let waiting: number | undefined;

  async function run(): Promise<void> {
    for (let failed = 0; !signal.aborted; ) {
      try {
        queue ??= await open();
        const messages = await queue.receive({ waitSeconds: WAIT_SECONDS, signal });
        if (messages.length > 0) await divide(queue, messages, queues);
        failures.succeeded('divide');
        failed = 0;
      } catch (error) {
        if (signal.aborted) break;
        const isThere = !(error instanceof AppError && NOT_THERE.has(error.code));
        if (isThere) failures.failed('divide', messageOf(error));
        await sleep(isThere ? jittered(failed++, 100, 10_000) : LOOK_AGAIN_MS, undefined, { signal }).catch(() => {});
      }
    }
    queue?.close();
  }

  return {
    /** Messages in it, as heard last; undefined where it is not there. */
    waiting: () => waiting,
    async check(): Promise<void> {
      waiting = await queue?.depth().then(messagesIn, () => undefined);
    },
    start(): void {
      running = run();
    },
    /** Resolves when what was received is sent on and deleted. */
    async stop(): Promise<void> {
      stopping.abort();
      await running;
    },
  };
}

/** What could not be sent stays, and is received again. */
async function divide(from: Queue, messages: ReceivedMessage[], queues: Queue[]): Promise<void> {
  const divided = messages.flatMap((message) =>
    byShard(message, queues.length).map(([shard, outgoing]) => ({ message, shard, outgoing })),
  );
  const unsent = new Map<ReceivedMessage, string>();
  const sending = queues.map(async (queue, shard) => {
    const own = divided.filter((one) => one.shard === shard);
    const bytes = own.reduce((sum, { outgoing }) => sum + Buffer.byteLength(JSON.stringify(outgoing)), 0);
    for (const batch of bytes > MAX_BATCH_BYTES ? own.map((one) => [one]) : own.length > 0 ? [own] : []) {
      const results = await queue.send(batch.map(({ outgoing }) => outgoing));
      for (const [i, { message }] of batch.entries()) {
        const result = results[i];
        if (!result?.ok) unsent.set(message, result?.reason ?? 'no answer');
      }
    }
  });
  await Promise.all(sending);
  const sent = messages.filter((message) => !unsent.has(message));
  if (sent.length > 0) await from.delete(sent.map(({ receipt }) => receipt));
  const [why] = unsent.values();
  if (why !== undefined)
    throw new AppError('QUEUE_ERROR', `${unsent.size} messages of ${from.name} stay there: ${why}`);
}

/** A packed message may be for several shards. */
function byShard(message: ReceivedMessage, count: number): [shard: number, outgoing: OutgoingMessage][] {
  const { id, body, attributes } = message;
  const parts = partsOf(message).map((part) => {
    const parsed = parseBody(part.body);
    return { part, shard: 'code' in parsed ? 0 : shardOfMessage(parsed.message, count) };
  });
  const [first] = parts;
  if (first?.part === message) {
    // What is no reading is told from others by its id.
    const room = Object.keys(attributes).length < MAX_ATTRIBUTES;
    return [[first.shard, { body, attributes: { ...(room ? { [REPLAY_OF_ATTRIBUTE]: id } : {}), ...attributes } }]];
  }
  return [...new Set(parts.map(({ shard }) => shard))].map((shard) => {
    const lines = parts
      .filter((one) => one.shard === shard)
      .map(({ part }) => relayedLine({ text: part.body, reported: part.attributes[SENSOR_CONFIG_ATTRIBUTE] }));
    const packed = packedBody(lines.join(''));
    return [shard, { body: packed.body, attributes: { ...attributes, [PACKED_ATTRIBUTE]: packed.encoding } }];
  });
}
