/** Live events for one client as server-sent events: an array of events in each, a few times a second. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { FleetEvent } from '../fleet/fleet-events.js';
import type { Hub } from './event-hub.js';

/** Events are collected this long: 5,000 readings a second become 20 packets. */
const FLUSH_EVERY_MS = 50;
/** A client that is further behind than this loses events, and is told how many. */
const MAX_BUFFERED = 20_000;
/** Proxies and browsers take a silent connection for dead. */
const HEARTBEAT_MS = 15_000;
/** When a client that reconnects by itself should do so: most would wait for seconds. */
const RETRY_MS = 500;

export interface StreamFilter {
  region?: string;
  /** Which kinds; undefined = all. */
  kinds?: Set<FleetEvent['event']>;
}

/** What is wanted of `first` is sent first; it must be read in the turn of this call, so that nothing falls between. */
export function eventStream(
  c: Context,
  hub: Hub,
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
    const end = () => stream.abort();
    closed.addEventListener('abort', end, { once: true });
    const forget = () => {
      unsubscribe();
      closed.removeEventListener('abort', end);
    };
    stream.onAbort(forget);
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
      forget();
    }
  });
}

function wanted(event: FleetEvent, { region, kinds }: StreamFilter): boolean {
  if (kinds && !kinds.has(event.event)) return false;
  if (region === undefined) return true;
  if (event.event === 'reading') return event.reading.region === region;
  return event.event === 'summary' || (event.event === 'alert' && event.region === region);
}
