/**
 * Events for one client as server-sent events: each carries an array of events, several times a second. Past ones come
 * from the store, as fast as the client reads them; live ones wait in a buffer, and who is too slow for it is cut off.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { FleetEvent, MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js';
import type { Exclusive } from '../../lib/async/exclusive.js';
import { clientGone, cutOff } from '../../lib/net/client-gone.js';
import { subjectOf } from '../alerts/firing-alerts.js';
import { EventBuffer } from './event-buffer.js';
import type { Listener } from './event-bus.js';
import type { PastEvents } from './past-events.js';

/** Events are collected this long: 5,000 readings per second become 20 packets. */
const FLUSH_EVERY_MS = 50;
/** A client that takes no byte for this long is cut off: it holds a buffer, and maybe a replay. */
const STALLED_AFTER_MS = 15_000;
/** Proxies and browsers close a silent connection. */
const HEARTBEAT_MS = 15_000;
/** What is stored comes to everybody who listens within this time. */
const OVERLAP_MS = 10_000;
/** The reconnect delay for clients; their default is several seconds. */
const RETRY_MS = 500;

export interface EventSource {
  /** Returns a function that ends the subscription. */
  subscribe(listener: Listener): () => void;
  /** What stores and publishes readings runs in it. */
  storing: Exclusive;
}

export interface StreamFilter {
  region?: string | undefined;
  /** Undefined: all kinds. */
  kinds?: Set<FleetEvent['event']> | undefined;
}

export interface StreamOptions {
  filter: StreamFilter;
  first: FleetEvent[];
  /** What was received before; it comes before live events, without a gap. */
  past?: PastEvents | undefined;
  /** The past may have what is live, too: it is of several shards, and nothing holds up all of them. */
  overlaps?: boolean;
  /** Whether lost events can be read again, with `since`. */
  resumable: boolean;
  /** Aborted when the process stops. */
  closed: AbortSignal;
  /** Called when the past was sent, and when the client is gone; maybe both, and more than once. */
  endReplay(): void;
  leave(): void;
}

export function eventStream(c: Context, hub: EventSource, options: StreamOptions): Response {
  const { filter, past, resumable, closed, endReplay, leave } = options;
  const buffer = new EventBuffer({ resumable });
  let replaying = past !== undefined;
  const began = Date.now();
  /** What was sent lately; undefined: nothing comes twice. */
  let sent = past && options.overlaps ? new Set<string>() : undefined;
  /** Whoever raises alerts says those that fire once more to pullers that begin to listen to it. */
  const alerts = new Set<string>();
  const isNew = (event: FleetEvent): boolean => {
    if (event.event === 'alert') return isAdded(alerts, `${subjectOf(event)} ${event.firing} ${event.at}`);
    if (!sent || !('received_at' in event) || event.received_at < began - OVERLAP_MS) return true;
    return isAdded(sent, keyOf(event));
  };
  const unsubscribe = hub.subscribe((event) => {
    if (!wanted(event, filter)) return;
    // The store has readings and messages; nobody needs old summaries.
    if (replaying && event.event !== 'alert' && !(sent && 'received_at' in event)) return;
    if (isNew(event)) buffer.push(event, Date.now());
  });
  for (const event of options.first) if (wanted(event, filter) && isNew(event)) buffer.push(event, Date.now());
  const ended = AbortSignal.any([clientGone(c), closed]);
  return streamSSE(c, async (stream) => {
    const close = () => stream.abort();
    const cleanUp = () => {
      unsubscribe();
      ended.removeEventListener('abort', close);
      endReplay();
      leave();
    };
    stream.onAbort(cleanUp);
    if (ended.aborted) close();
    ended.addEventListener('abort', close, { once: true });
    try {
      const writer = frameWriter(stream, () => cutOff(c));
      await writer.send('hello', '{}', RETRY_MS);
      await writer.flush(buffer);
      while (past && replaying && !stream.aborted) {
        await turnOfReplays();
        if (stream.aborted) break;
        let events = await past();
        if (events.length === 0) {
          // Nothing is stored meanwhile: what is published from then on is not in the answer.
          await hub.storing.run(async () => {
            events = await past();
            if (events.length === 0) replaying = false;
          });
        }
        const page = new EventBuffer({ maxBytes: Number.POSITIVE_INFINITY });
        for (const event of events) if (wanted(event, filter) && isNew(event)) page.push(event, 0);
        await writer.flush(page);
      }
      endReplay();
      const overlapEnds = Date.now() + OVERLAP_MS;
      while (!stream.aborted) {
        await writer.flush(buffer);
        if (Date.now() > overlapEnds) sent = undefined;
        if (buffer.lost) {
          const { count, since } = buffer.lost;
          await writer.send('dropped', JSON.stringify(resumable ? { count, since } : { count }));
          return;
        }
        if (Date.now() - writer.lastAt > HEARTBEAT_MS) await writer.send('heartbeat', '{}');
        await stream.sleep(FLUSH_EVERY_MS);
      }
    } finally {
      cleanUp();
    }
  });
}

/** Writes frames, and cuts off a client that does not take them. */
function frameWriter(stream: SSEStreamingApi, cutOff: () => void) {
  async function write(bytes: Uint8Array): Promise<void> {
    const stalled = setTimeout(() => {
      cutOff();
      stream.abort();
    }, STALLED_AFTER_MS);
    await stream.write(bytes);
    clearTimeout(stalled);
    writer.lastAt = Date.now();
  }

  const writer = {
    lastAt: Date.now(),
    /** Sends what waits. Between two frames others have their turn, also when the client takes them at once. */
    async flush(buffer: EventBuffer): Promise<void> {
      for (let frame = buffer.takeFrame(); frame && !stream.aborted; frame = buffer.takeFrame()) {
        await write(frame);
        await nextTurn();
      }
    },
    send: (event: string, data: string, retry?: number) =>
      write(Buffer.from(`event: ${event}\ndata: ${data}\n${retry === undefined ? '' : `retry: ${retry}\n`}\n`)),
  };
  return writer;
}

const keyOf = (event: ReadingEvent | MessageEvent): string =>
  event.event === 'reading'
    ? `${event.reading.execution_id} ${event.reading.sequence} ${event.reading.timestamp}`
    : `${event.received_at} ${JSON.stringify(event.message)}`;

const isAdded = (set: Set<string>, key: string): boolean => !set.has(key) && set.add(key) !== undefined;

let lastOfReplays: Promise<unknown> = Promise.resolve();
/** All replays together read one page in a turn, so that several of them hold up others no longer than one. */
const turnOfReplays = () => {
  lastOfReplays = lastOfReplays.then(() => nextTurn());
  return lastOfReplays;
};

function wanted(event: FleetEvent, { region, kinds }: StreamFilter): boolean {
  if (kinds && !kinds.has(event.event)) return false;
  if (region === undefined) return true;
  if (event.event === 'reading') return event.reading.region === region;
  return event.event === 'summary' || (event.event === 'alert' && (!('region' in event) || event.region === region));
}
