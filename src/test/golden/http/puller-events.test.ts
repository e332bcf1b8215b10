/** `GET /events` of the puller: server-sent events, from the first frame to the end. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  config,
  Frames,
  NOW,
  type PullerOfTest,
  type PullerOverrides,
  pass,
  pullerOfTest,
  reading,
  stopTime,
} from './puller-support.js';

const recorded = (name: string) => `../recorded/http/puller/${name}.http`;

const running: PullerOfTest[] = [];
const streams: Frames[] = [];
beforeEach(stopTime);
afterEach(async () => {
  for (const stream of streams.splice(0)) await stream.close();
  for (const puller of running.splice(0)) await puller.stop();
  vi.useRealTimers();
});

function start(title: string, over: PullerOverrides = {}): PullerOfTest {
  const puller = pullerOfTest(title, over);
  running.push(puller);
  return puller;
}

async function open({ transcript }: PullerOfTest, title: string, path: string): Promise<Frames> {
  const frames = new Frames(await transcript.open(title, path), transcript);
  streams.push(frames);
  return frames;
}

const us = { execution_id: 'e-2', hostname: 'edge-us-1', region: 'us' };

test('live events', async () => {
  const puller = start('GET /events: what comes while a client listens');
  const { deliver, transcript } = puller;
  await deliver([reading(1)]);
  const frames = await open(puller, 'readings and messages', '/events?kinds=reading,message');
  await frames.next(1);
  await deliver([reading(3), reading(2), reading(3), { hello: 'world' }, reading(1, us)]);
  await pass(50);
  transcript.note('one frame for what came together: a late reading, no duplicate, a message');
  await frames.next(1);
  await pass(15_100);
  transcript.note('15 s later');
  await frames.next(1);
  await puller.service.stop();
  transcript.note('the puller ends');
  await frames.end();
  await transcript.call('a client that comes later', 'GET', '/events');
  await expect(transcript.text).toMatchFileSnapshot(recorded('events-live'));
});

test('all kinds', async () => {
  const puller = start('GET /events: every kind, summaries and alerts included');
  const { deliver, transcript, said } = puller;
  await deliver([reading(1), reading(1, us)], config({ interval: 500 }));
  const frames = await open(puller, 'all', '/events');
  await frames.next(1);
  await pass(1000);
  transcript.note('a second later');
  await frames.next(1);
  await pass(3000);
  transcript.note('4 s after the last reading: two summaries, then one with alerts');
  await frames.next(3);
  const late = await open(puller, 'a client that comes now hears what fires', '/events?kinds=alert');
  await late.next(2);
  const region = await open(puller, 'a client that asks for a region', '/events?kinds=alert&region=us');
  await region.next(2);
  await deliver([reading(2), reading(2, us)], config({ interval: 500 }));
  await pass(1000);
  transcript.note('the regions send again');
  await late.next(1);
  await region.next(1);
  transcript.value('alerts for the alert sink:', said);
  await expect(transcript.text).toMatchFileSnapshot(recorded('events-all'));
});

test('one region', async () => {
  const puller = start('GET /events of one region');
  const { deliver, transcript } = puller;
  const frames = await open(puller, 'a region', '/events?region=us');
  await frames.next(1);
  await deliver([reading(1), reading(1, us), { hello: 'world' }]);
  await pass(50);
  transcript.note('only its reading');
  await frames.next(1);
  await pass(1000);
  transcript.note('the summary is that of all');
  await frames.next(1);
  await expect(transcript.text).toMatchFileSnapshot(recorded('events-region'));
});

test('resuming', async () => {
  const puller = start('GET /events: what was received since a time comes first');
  const { deliver, transcript } = puller;
  await deliver([reading(1), { n: 1 }]);
  await pass(10_000);
  await deliver([reading(2), reading(2), { n: 2 }, reading(1, us)]);
  const resume = async (title: string, path: string, count = 2) => {
    const frames = await open(puller, title, path);
    await frames.next(count);
  };
  await resume('from the beginning', '/events?since=0&kinds=reading,message');
  await resume('from the second on', `/events?since=${NOW + 10_025}&kinds=reading,message`);
  await resume('a millisecond later: nothing', `/events?since=${NOW + 10_026}&kinds=reading,message`, 1);
  await resume('one kind', '/events?since=0&kinds=message');
  await resume('one region', '/events?since=0&kinds=reading,message&region=us');
  await resume('an empty time is the beginning', '/events?since=&kinds=message');
  const frames = await open(puller, 'and then what comes', '/events?since=0&kinds=reading&region=us');
  await frames.next(2);
  await deliver([reading(2, us)]);
  await pass(50);
  await frames.next(1);
  await expect(transcript.text).toMatchFileSnapshot(recorded('events-since'));
});

test('without a store nothing can be resumed', async () => {
  const puller = start('GET /events?since of a puller that stores nothing', { sinks: { store: undefined } });
  await puller.deliver([reading(1)]);
  const frames = await open(puller, 'from the beginning', '/events?since=0&kinds=reading');
  await frames.next(1);
  await puller.deliver([reading(2)]);
  await pass(50);
  await frames.next(1);
  await expect(puller.transcript.text).toMatchFileSnapshot(recorded('events-no-store'));
});

test('a client that is too slow', async () => {
  const puller = start('GET /events: a client that is more than 4 MiB behind is cut off', {
    sinks: { store: undefined },
  });
  const { deliver, transcript } = puller;
  const frames = await open(puller, 'messages', '/events?kinds=message');
  await frames.next(1);
  // At once.
  await deliver(Array.from({ length: 6 }, () => ({ data: 'x'.repeat(1_000_000) })));
  await pass(50);
  await frames.next(4, (data) => `<${data.length} bytes, ${(JSON.parse(data) as unknown[]).length} event>`);
  await frames.next(1);
  await frames.end();
  await expect(transcript.text).toMatchFileSnapshot(recorded('events-dropped'));
});
