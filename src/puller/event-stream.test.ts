import { createParser } from 'eventsource-parser';
import { Hono } from 'hono';
import { expect, test, vi } from 'vitest';
import type { FleetEvent } from '../fleet/fleet-events.js';
import { EventHub } from './event-hub.js';
import { eventStream, type StreamFilter } from './event-stream.js';

const message = (n: number): FleetEvent => ({ event: 'message', message: { n }, received_at: n });
const messages = (count: number) => Array.from({ length: count }, (_, n) => message(n));
const alert = (region: string): FleetEvent => ({
  ...{ event: 'alert', type: 'region.silent', rule: 'r', region, firing: true, silent_ms: 1, text: '' },
  at: 0,
});

async function open(hub: EventHub, { first = [], filter = {} }: { first?: FleetEvent[]; filter?: StreamFilter } = {}) {
  const closed = new AbortController();
  const app = new Hono().get('/', (c) => eventStream(c, hub, filter, first, closed.signal));
  const response = await app.request('/');
  return { response, closed };
}

/** What a client gets until `enough`; then it goes away. */
async function read(response: Response, enough: (events: FleetEvent[], dropped: number) => boolean) {
  const events: FleetEvent[] = [];
  let dropped = 0;
  const parser = createParser({
    onEvent({ event, data }) {
      if (event === 'events') events.push(...(JSON.parse(data) as FleetEvent[]));
      if (event === 'dropped') dropped += (JSON.parse(data) as { count: number }).count;
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (enough(events, dropped)) break;
  }
  return { events, dropped };
}

test('a client that reads too slowly loses events, and learns how many', async () => {
  const hub = new EventHub();
  const { response } = await open(hub);
  for (const event of messages(20_010)) hub.publish(event);
  const { events, dropped } = await read(response, (_, lost) => lost > 0);
  expect([events.length, dropped]).toEqual([20_000, 10]);
});

test('a long replay takes nothing from the room for what comes meanwhile', async () => {
  const hub = new EventHub();
  const { response } = await open(hub, { first: messages(30_000) });
  for (let n = 0; n < 100; n++) hub.publish(message(30_000 + n));
  const { events, dropped } = await read(response, (all, lost) => all.length === 30_100 || lost > 0);
  expect([events.length, dropped]).toEqual([30_100, 0]);
  expect(events.at(-1)).toEqual(message(30_099));
});

test('a client that goes away, or a puller that ends, ends the subscription', async () => {
  const hub = new EventHub();
  const ended = vi.fn();
  const subscribe = hub.subscribe.bind(hub);
  vi.spyOn(hub, 'subscribe').mockImplementation((listener) => {
    const end = subscribe(listener);
    return () => {
      ended();
      end();
    };
  });
  const leaving = await open(hub);
  hub.publish(message(1));
  await read(leaving.response, (events) => events.length === 1);
  await vi.waitUntil(() => ended.mock.calls.length > 0);
  ended.mockClear();
  const staying = await open(hub);
  staying.closed.abort();
  await read(staying.response, () => false);
  await vi.waitUntil(() => ended.mock.calls.length > 0);
});

test('a client that reconnects by itself gets a short delay for it', async () => {
  const reader = (await open(new EventHub())).response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  expect(new TextDecoder().decode(value)).toBe('event: hello\ndata: {}\nretry: 500\n\n');
});

test('of a region there are its alerts, also those from before, but no messages, which have none', async () => {
  const hub = new EventHub();
  const { response } = await open(hub, { first: [alert('as'), alert('eu')], filter: { region: 'eu' } });
  for (const event of [message(1), alert('us'), alert('eu')]) hub.publish(event);
  expect((await read(response, (events) => events.length > 0)).events).toEqual([alert('eu'), alert('eu')]);
});

test('a stream without events shows that it lives, every fifteen seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  try {
    const hub = new EventHub();
    const reader = (await open(hub)).response.body!.getReader();
    let text = '';
    void (async () => {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        text += Buffer.from(value).toString();
      }
    })();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(text).not.toContain('heartbeat');
    await vi.advanceTimersByTimeAsync(100);
    expect(text.match(/event: heartbeat/g)).toHaveLength(1);
    // What is sent shows it as well.
    await vi.advanceTimersByTimeAsync(10_000);
    hub.publish(message(1));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(text.match(/event: heartbeat/g)).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(text.match(/event: heartbeat/g)).toHaveLength(2);
    await reader.cancel();
  } finally {
    vi.useRealTimers();
  }
});

test('the room of a replay is for that alone: once it is read, a client falls behind no further than any other', async () => {
  const hub = new EventHub();
  const { response } = await open(hub, { first: messages(500) });
  let refilled = false;
  const { events, dropped } = await read(response, (all, lost) => {
    if (all.length === 500 && !refilled) {
      refilled = true;
      for (const event of messages(20_010)) hub.publish(event);
    }
    return lost > 0 || all.length > 20_500;
  });
  expect([events.length, dropped]).toEqual([20_500, 10]);
});
