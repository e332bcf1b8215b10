import { createParser } from 'eventsource-parser';
import { Hono } from 'hono';
import { expect, test, vi } from 'vitest';
import type { FleetEvent } from '../../fleet/fleet-events.js';
import { EventHub } from './event-hub.js';
import { eventStream, type StreamOptions } from './event-stream.js';
import type { PastEvents } from './past-events.js';

const message = (n: number): FleetEvent => ({ event: 'message', message: { n }, received_at: n });
const alert = (region: string): FleetEvent => ({
  ...{ event: 'alert', type: 'region.silent', rule: 'r', region, firing: true, silent_ms: 1, text: '' },
  at: 0,
});

async function open(hub: EventHub, over: Partial<StreamOptions> = {}) {
  const closed = new AbortController();
  const place = { endReplay: vi.fn(), leave: vi.fn() };
  const options = { filter: {}, first: [], resumable: false, ...place, closed: closed.signal, ...over };
  const app = new Hono().get('/', (c) => eventStream(c, hub, options));
  const response = await app.request('/');
  return { response, closed, place };
}

/** A store that gives these pages. */
const pages =
  (...all: FleetEvent[][]) =>
  async () =>
    (all.shift() ?? []) as Awaited<ReturnType<PastEvents>>;
/** A message of so many bytes as JSON. */
const large = (n: number, bytes: number): FleetEvent => {
  const empty = { event: 'message', message: { x: '' }, received_at: n } as const;
  return { ...empty, message: { x: 'x'.repeat(bytes - JSON.stringify(empty).length) } };
};

/** What a client gets until `enough`; then it goes away. */
async function read(response: Response, enough: (events: FleetEvent[]) => boolean) {
  const events: FleetEvent[] = [];
  let dropped: unknown;
  const parser = createParser({
    onEvent({ event, data }) {
      if (event === 'events') events.push(...(JSON.parse(data) as FleetEvent[]));
      if (event === 'dropped') dropped = JSON.parse(data);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (enough(events)) break;
  }
  return { events, dropped };
}

test('a client that reads too slowly is cut off after what fits, and told how many events it lost', async () => {
  const hub = new EventHub();
  const { response, place } = await open(hub);
  for (let n = 1; n <= 10; n++) hub.publish(large(n, 1_048_576));
  const { events, dropped } = await read(response, () => false);
  expect([events.length, dropped]).toEqual([4, { count: 6 }]);
  expect(place.leave).toHaveBeenCalled();
});

test('where there is a store it is told when to resume, so that nothing is lost and nothing comes twice', async () => {
  const hub = new EventHub();
  const { response } = await open(hub, { resumable: true });
  // The fifth does not fit; the fourth came in the same millisecond.
  for (const at of [1, 2, 3, 4, 4, 5]) hub.publish(large(at, 1_048_576));
  const { events, dropped } = await read(response, () => false);
  expect([events.map((event) => 'received_at' in event && event.received_at), dropped]).toEqual([
    ...[[1, 2, 3], { count: 3, since: 4 }],
  ]);
});

test('an event that is larger than all that fits is sent', async () => {
  const hub = new EventHub();
  const { response } = await open(hub);
  hub.publish(large(1, 5_000_000));
  expect((await read(response, (events) => events.length === 1)).events).toEqual([large(1, 5_000_000)]);
});

test('the past comes first, page by page and whatever its size, then what is published after its last page', async () => {
  const hub = new EventHub();
  const past = pages([large(1, 3_000_000), large(2, 3_000_000)], [message(3)]);
  const { response, place } = await open(hub, { past, first: [alert('eu')] });
  // While the past is sent it comes from the store, too, except for alerts.
  hub.publish(message(3));
  hub.publish(alert('us'));
  const replayed = vi.waitUntil(() => place.endReplay.mock.calls.length > 0, { timeout: 20_000 });
  const published = replayed.then(() => hub.publish(message(4)));
  const { events } = await read(response, (all) => all.length === 6);
  await published;
  const shown = events.map((event) => ('received_at' in event ? event.received_at : event.event));
  expect(shown).toEqual(['alert', 'alert', 1, 2, 3, 4]);
});

test('what is stored while a slow store looks for the last page comes once', async () => {
  const hub = new EventHub();
  const stored = [1, 2];
  let taken = 0;
  /** Its answer is that of the moment in which it was asked. */
  const past = async () => {
    const page = stored.slice(taken).map((n) => message(n));
    taken = stored.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return page as Awaited<ReturnType<PastEvents>>;
  };
  const { response } = await open(hub, { past });
  const store = async (n: number) =>
    hub.storing.run(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      stored.push(n);
      await new Promise((resolve) => setTimeout(resolve, 5));
      hub.publish(message(n));
    });
  const storing = (async () => {
    for (let n = 3; n <= 20; n++) await store(n);
  })();
  const { events } = await read(response, (all) => all.length >= 20);
  await storing;
  expect(events.map((event) => 'received_at' in event && event.received_at)).toEqual(
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test('the past is read from the store no faster than the client takes it', async () => {
  let read = 0;
  const past = async () => (++read < 1000 ? [large(read, 1_048_576)] : []) as Awaited<ReturnType<PastEvents>>;
  const { response } = await open(new EventHub(), { past });
  const reader = response.body!.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(read).toBeLessThan(4);
  await reader.cancel();
});

test('of several replays one page is read in a turn of the event loop', async () => {
  let turn = 0;
  const turns: number[] = [];
  const countTurns = () => void (++turn < 1000 && setImmediate(countTurns));
  setImmediate(countTurns);
  const all = Array.from({ length: 4 }, () => {
    const past = pages([message(1)], [message(2)], [message(3)]);
    const next = () => {
      turns.push(turn);
      return past();
    };
    return next as PastEvents;
  });
  const streams = await Promise.all(all.map((past) => open(new EventHub(), { past })));
  await Promise.all(streams.map(({ response }) => read(response, (events) => events.length === 3)));
  expect([turns.length >= 12, new Set(turns).size]).toEqual([true, turns.length]);
});

test('a client that takes nothing for fifteen seconds is cut off', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  try {
    const hub = new EventHub();
    const { place } = await open(hub, { past: pages([message(1)]) });
    await vi.advanceTimersByTimeAsync(14_900);
    expect(place.leave).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(30_200);
    expect(place.leave).toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
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
  const later = { ...alert('eu'), at: 1 };
  for (const event of [message(1), alert('us'), later]) hub.publish(event);
  expect((await read(response, (events) => events.length > 0)).events).toEqual([alert('eu'), later]);
});

test('an alert that another puller says again comes once', async () => {
  const hub = new EventHub();
  const { response } = await open(hub, { first: [alert('eu')] });
  const over = { ...alert('eu'), firing: false, at: 1 };
  for (const event of [alert('eu'), over, alert('eu'), over]) hub.publish(event);
  expect((await read(response, (events) => events.length > 0)).events).toEqual([alert('eu'), over]);
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

test('where the past may have what is live, each comes once', async () => {
  const hub = new EventHub();
  const now = Date.now();
  const reading = (sequence: number): FleetEvent => ({
    ...{ event: 'reading', received_at: now + sequence, late: false },
    reading: {
      ...{ job_id: 'j', execution_id: 'e', hostname: 'h', icon_name: '', color: '', region: 'eu', sequence },
      ...{ timestamp: '', job_submission_time: 1 },
    },
  });
  let next = 1;
  // While the store is read, 2 and 4 are published, and 3 is stored by a puller whose event comes later.
  const past = async () => {
    const page = next <= 3 ? [reading(next)] : [];
    if (next === 2) hub.publish(reading(2));
    if (next === 4) hub.publish(reading(4));
    next++;
    return page as Awaited<ReturnType<PastEvents>>;
  };
  const { response } = await open(hub, { past, overlaps: true, resumable: true });
  setTimeout(() => hub.publish(reading(3)), 100);
  setTimeout(() => hub.publish(reading(5)), 150);
  const { events } = await read(response, (all) => all.length >= 5);
  const numbers = events.map((event) => (event.event === 'reading' ? event.reading.sequence : 0));
  expect(numbers.sort()).toEqual([1, 2, 3, 4, 5]);
});
