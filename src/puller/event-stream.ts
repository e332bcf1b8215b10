/** Live events for one client as server-sent events: each carries an array of events, several times a second. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { FleetEvent } from '../fleet/fleet-events.js';
import type { EventHub } from './event-hub.js';

/** Events are collected this long: 5,000 readings per second become 20 packets. */
const FLUSH_EVERY_MS = 50;
/** A client with more events waiting loses events and receives the number of lost ones. */
const MAX_BUFFERED = 20_000;
/** Proxies and browsers close a silent connection. */
const HEARTBEAT_MS = 15_000;
/** The reconnect delay for clients; their default is several seconds. */
const RETRY_MS = 500;

export interface StreamFilter {
  region?: string;
  /** Undefined: all kinds. */
  kinds?: Set<FleetEvent['event']>;
}

/** `first` is filtered and sent first. The caller must read it in the same turn, so that no event is lost in between. */
export function eventStream(
  c: Context,
  hub: EventHub,
  filter: StreamFilter,
  first: FleetEvent[],
  closed: AbortSignal,
): Response {
  let buffer = first.filter((event) => wanted(event, filter));
  let room = buffer.length + MAX_BUFFERED;
  let dropped = 0;
  const unsubscribe = hub.subscribe((event) => {
    if (!wanted(event, filter)) return;
    if (buffer.length < room) buffer.push(event);
    else dropped++;
  });
  return streamSSE(c, async (stream) => {
    const close = () => stream.abort();
    closed.addEventListener('abort', close, { once: true });
    const cleanUp = () => {
      unsubscribe();
      closed.removeEventListener('abort', close);
    };
    stream.onAbort(cleanUp);
    try {
      await stream.writeSSE({ event: 'hello', data: '{}', retry: RETRY_MS });
      let lastWrite = Date.now();
      while (!stream.aborted && !closed.aborted) {
        if (buffer.length > 0) {
          const events = buffer;
          buffer = [];
          room = MAX_BUFFERED;
          const lost = dropped;
          dropped = 0;
          await stream.writeSSE({ event: 'events', data: JSON.stringify(events) });
          if (lost > 0) await stream.writeSSE({ event: 'dropped', data: JSON.stringify({ count: lost }) });
          lastWrite = Date.now();
        } else if (Date.now() - lastWrite > HEARTBEAT_MS) {
          await stream.writeSSE({ event: 'heartbeat', data: '{}' });
          lastWrite = Date.now();
        }
        await stream.sleep(FLUSH_EVERY_MS);
      }
    } finally {
      cleanUp();
    }
  });
}

function wanted(event: FleetEvent, { region, kinds }: StreamFilter): boolean {
  if (kinds && !kinds.has(event.event)) return false;
  if (region === undefined) return true;
  if (event.event === 'reading') return event.reading.region === region;
  return (
    event.event === 'summary' ||
    (event.event === 'alert' && (event.type !== 'region.silent' || event.region === region))
  );
}
