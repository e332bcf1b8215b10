/** `POST /send` of the proxy: what is taken, what is refused, and with which words. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../../lib/errors/app-error.js';
import { DesiredConfigStore } from '../../../proxy/desired-config-store.js';
import { DAY, json, NOW, operator, type ProxyOfTest, proxyOfTest, reading, reports, SENSOR } from './proxy-support.js';

const recorded = (name: string) => `../recorded/http/proxy/${name}.http`;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Sends, and writes down what reached the queue. */
async function send({ transcript, queue }: ProxyOfTest, title: string, body: unknown, headers = {}, shown?: string) {
  const call = { headers: { ...json, ...headers }, body, ...(shown === undefined ? {} : { shown }) };
  const answer = await transcript.call(title, 'POST', '/send', call);
  const given = queue.look();
  if (given.length > 0) transcript.value('to the queue:', given);
  return answer;
}

/** Sends, and lets the time pass after which the proxy gives up: 15 s. The queue is asked before. */
async function sendAndGiveUp({ transcript, queue }: ProxyOfTest, title: string, body: unknown): Promise<void> {
  let answered = false;
  const call = transcript.call(title, 'POST', '/send', { headers: json, body }).then(() => {
    answered = true;
  });
  while (!answered && queue.look().length === 0) {
    await vi.advanceTimersByTimeAsync(1);
    await nextTurn();
  }
  await nextTurn();
  await vi.advanceTimersByTimeAsync(15_000);
  await call;
}

/** From here on timers wait for a test to let time pass, too. */
function stopTimers(): void {
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: NOW });
}

const iso = (time: number) => new Date(time).toISOString();
const nested = (levels: number): unknown => (levels === 0 ? 0 : { a: nested(levels - 1) });

test('what is accepted', async () => {
  const world = proxyOfTest('POST /send: what the proxy accepts');
  await send(world, 'a reading', reading());
  await send(world, 'the six fields of the first publishers', {
    ...{ job_id: 'j', execution_id: 'e', icon_name: '🚀', timestamp: '2025-03-26T12:00:00Z', color: '#FF5733' },
    sequence: 1,
  });
  await send(world, 'any other JSON object; its text goes on as it came', '{ "data": {"test":  "hello"} }\n');
  await send(world, 'an empty object', {});
  await send(world, 'an array; each element goes on as compact JSON', '[{"a": 1}, {"a": 2}]');
  await send(world, 'an array of one', [reading()]);
  await send(
    world,
    'an array of a hundred',
    Array.from({ length: 100 }, (_, n) => ({ n })),
    {},
    '<100 objects>',
  );
  await world.transcript.call('no Content-Type', 'POST', '/send', { body: '{}' });
  await world.transcript.call('another Content-Type', 'POST', '/send', {
    headers: { 'content-type': 'text/plain' },
    body: '{}',
  });
  world.queue.look();
  await send(world, 'a byte order mark', '\ufeff{}');
  await send(
    world,
    'of a member that is given twice the last counts for the checks',
    '{"color":"no","color":"#000000"}',
  );
  await send(world, 'a query in the address', reading());
  world.transcript.value('stats', world.proxy.stats());
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-accepted'));
});

test('values at the limits', async () => {
  const world = proxyOfTest('POST /send: values at the limits of what is accepted');
  const accepted: [string, object][] = [
    ['256 characters', { hostname: 'x'.repeat(256) }],
    ['256 UTF-16 units of emoji', { icon_name: '🚀'.repeat(128) }],
    ['an empty text', { job_id: '', region: '' }],
    ['the highest sequence', { sequence: 4_294_967_295 }],
    ['sequence 0', { sequence: 0 }],
    ['a timestamp a day ahead', { timestamp: iso(NOW + DAY) }],
    ['a timestamp long ago', { timestamp: '0001-01-01T00:00:00Z' }],
    ['a timestamp without fraction, in small letters', { timestamp: '2025-03-26t11:00:00z' }],
    ['a timestamp with a space and an offset', { timestamp: '2025-03-26 11:00:00.123456+01:00' }],
    ['the 29th of February', { timestamp: '2024-02-29T00:00:00Z' }],
    ['a submission a day ahead', { job_submission_time: NOW + DAY }],
    ['no submission time', { job_submission_time: 0 }],
    ['a colour in capitals', { color: '#ABCDEF' }],
    ['other members of any kind', { extra: null, more: [1, { deep: true }] }],
    ['a hundred levels', nested(100) as object],
  ];
  for (const [title, body] of accepted) {
    await world.transcript.call(title, 'POST', '/send', { headers: json, body });
  }
  const longest = `{"a":"${'x'.repeat(262_144 - 8)}"}`;
  await world.transcript.call('262144 bytes', 'POST', '/send', { headers: json, body: longest });
  expect(world.proxy.stats().refused).toEqual({});
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-limits'));
});

test('bodies that are refused as a whole', async () => {
  const world = proxyOfTest('POST /send: bodies that are refused as a whole');
  await send(world, 'no body', undefined);
  await send(world, 'an empty body', '');
  await send(world, 'no JSON', 'hello');
  await send(world, 'half a JSON text', '{"a":');
  await send(world, 'not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), {}, '<bytes 7b ff 7d>');
  await send(world, 'a text', '"hello"');
  await send(world, 'a number', '5');
  await send(world, 'null', 'null');
  await send(world, 'an empty array', []);
  await send(
    world,
    '101 messages',
    Array.from({ length: 101 }, (_, n) => ({ n })),
    {},
    '<101 objects>',
  );
  await send(world, 'values nested 101 levels deep', nested(101), {}, '<101 levels>');
  await send(world, 'a message of 262145 bytes', `{"a":"${'x'.repeat(262_145 - 8)}"}`);
  await send(world, 'a Content-Length that is too much, whatever comes', '{}', { 'content-length': '1048577' });
  const stream = (bytes: number) =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(bytes));
        controller.close();
      },
    });
  await send(world, 'a stream that is too long', stream(1_048_577), {}, '<a stream of 1048577 bytes>');
  await send(world, 'a stream that is as long as one may be', stream(1_048_576), {}, '<1048576 zero bytes>');
  world.transcript.value('stats', world.proxy.stats());
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-bad-bodies'));
});

test('fields that are refused', async () => {
  const world = proxyOfTest('POST /send: fields that are refused');
  const texts = ['job_id', 'execution_id', 'icon_name', 'timestamp', 'color', 'region', 'hostname'];
  for (const field of texts) await send(world, `${field} is no text`, { [field]: 5 });
  for (const field of texts) await send(world, `${field} is too long`, { [field]: 'x'.repeat(257) });
  for (const field of texts) await send(world, `${field} has a line break`, { [field]: 'a\nb' });
  const controls = ['\u0000', '\u001b', '\u007f', '\u009f', '\u2028', '\u2029', '\u202a', '\u202e', '\u2066', '\u2069'];
  for (const char of controls) {
    const shown = `U+${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    await send(world, `hostname has ${shown}`, { hostname: `a${char}` });
  }
  for (const field of ['sequence', 'job_submission_time']) {
    for (const value of ['1', 1.5, -1, 2 ** 53, null, true]) {
      await send(world, `${field} is ${JSON.stringify(value)}`, { [field]: value });
    }
  }
  await send(world, 'a sequence of more than 32 bits', { sequence: 4_294_967_296 });
  await send(world, 'a submission more than a day ahead', { job_submission_time: NOW + DAY + 1 });
  for (const color of ['', 'red', '#fff', '#12345g', '#1234567', 'ff0000']) {
    await send(world, `color ${JSON.stringify(color)}`, { color });
  }
  const timestamps = [
    ...['', 'today', '2025-03-26', '2025-03-26T12:00:00', '2025-02-29T00:00:00Z', '2025-13-01T00:00:00Z'],
    ...['2025-04-31T00:00:00Z', '2025-03-26T25:00:00Z', '12025-03-26T12:00:00Z', '1742990400000'],
  ];
  for (const timestamp of timestamps) await send(world, `timestamp ${JSON.stringify(timestamp)}`, { timestamp });
  await send(world, 'a timestamp more than a day ahead', { timestamp: iso(NOW + DAY + 1) });
  await send(world, 'of several problems the first is told', { sequence: -1, color: 'red', hostname: 5 });
  world.transcript.value('stats', world.proxy.stats());
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-bad-fields'));
});

test('arrays with bad elements', async () => {
  const world = proxyOfTest('POST /send: a bad element of an array refuses only itself');
  await send(world, 'one bad among good', [reading(), { color: 'red' }, reading({ sequence: 2 })]);
  const bad = [5, 'x', null, [], { sequence: -1 }, { a: 'x'.repeat(262_144) }];
  const shown = '<5, "x", null, [], {"sequence":-1}, 262152 bytes, {"good":true}>';
  await send(world, 'every kind of bad element', [...bad, { good: true }], {}, shown);
  await send(world, 'only bad elements', [{ color: 'red' }, 5]);
  await send(world, 'one that is nested too deep refuses all', [reading(), nested(100)], {}, '<a reading, 100 levels>');
  world.transcript.value('stats', world.proxy.stats());
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-partial'));
});

test('superseded submissions', async () => {
  const world = proxyOfTest('POST /send: readings of a submission that a newer one has replaced');
  const of = (time: number, over: object = {}) => reading({ job_submission_time: time, ...over });
  await send(world, 'the first submission', of(1000));
  await send(world, 'a newer one', of(2000, { sequence: 2 }));
  await send(world, 'the older one', of(1000, { sequence: 3 }));
  await send(world, 'the older one, under another job id', of(1000, { job_id: 'j-2' }));
  await send(world, 'the newer one again', of(2000, { sequence: 4 }));
  await send(world, 'the same time on another host', of(1000, { hostname: 'edge-eu-2' }));
  await send(world, 'the same host name in another region', of(1000, { region: 'us' }));
  await send(world, 'no submission time', of(0));
  const { job_submission_time: _, ...without } = reading();
  await send(world, 'a message without the field', without);
  await send(world, 'an array of both', [of(1000), of(2000, { sequence: 5 }), of(1500)]);
  await send(world, 'an array of old ones', [of(1000), of(1001)]);
  await send(world, 'an array of old and bad ones', [of(1000), { color: 'red' }]);
  await send(world, 'within one array the newest counts from its place on', [of(3000), of(2000), of(4000)]);
  world.transcript.value('stats', world.proxy.stats());
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-superseded'));
});

test('the sensor token', async () => {
  const world = proxyOfTest('POST /send where a sensor token is required', { guard: { sensorToken: SENSOR } });
  await send(world, 'no token', reading());
  await send(world, 'a wrong token', reading(), { authorization: 'Bearer other' });
  await send(world, 'the operator token', reading(), operator);
  await send(world, 'another scheme', reading(), { authorization: `Basic ${SENSOR}` });
  await send(world, 'the scheme in small letters', reading(), { authorization: `bearer ${SENSOR}` });
  await send(world, 'an empty header', reading(), { authorization: '' });
  await send(world, 'the token is looked at before the body', 'no JSON');
  await send(world, 'the right token', reading(), { authorization: `Bearer ${SENSOR}` });
  await world.transcript.call('other routes need no token', 'GET', '/health');
  world.transcript.value('stats', world.proxy.stats());
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-token'));
});

test('the rate limit', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOW });
  const world = proxyOfTest('POST /send with a limit of 2 readings a second', { guard: { rateLimit: 2 } });
  const call = (title: string, body: unknown) => world.transcript.call(title, 'POST', '/send', { headers: json, body });
  const some = (count: number) => Array.from({ length: count }, (_, n) => ({ hostname: 'edge-eu-1', n }));
  await call('a burst of four', some(4));
  await call('one more', some(1));
  await call('another host has its own count', { hostname: 'edge-eu-2' });
  vi.advanceTimersByTime(500);
  world.transcript.note('half a second later');
  await call('a batch may borrow', some(10));
  await call('and is waited for', some(1));
  vi.advanceTimersByTime(4_500);
  world.transcript.note('4.5 s later');
  await call('just not yet', some(1));
  vi.advanceTimersByTime(1);
  world.transcript.note('a millisecond later');
  await call('again', some(1));
  await call(
    'messages that name no host share one count',
    some(4).map(({ n }) => ({ n })),
  );
  await call('so this one waits', { hostname: 'unknown' });
  await call('bad bodies are refused before they are counted', { hostname: 'unknown', color: 'red' });
  world.transcript.value('stats', world.proxy.stats());
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-rate-limit'));
});

test('a queue that takes nothing', async () => {
  const world = proxyOfTest('POST /send before a queue that fails as a whole');
  stopTimers();
  const problems: [string, Error][] = [
    ['it can not be reached', new AppError('QUEUE_UNREACHABLE', 'The queue can not be reached.')],
    ['it asks for fewer requests', new AppError('QUEUE_THROTTLED', 'The queue asks for fewer requests.')],
    ['it refuses the request', new AppError('QUEUE_ERROR', 'The queue refuses the request.')],
    ['it does not exist', new AppError('QUEUE_NOT_FOUND', 'There is no queue readings.')],
    ['it is not allowed', new AppError('QUEUE_DENIED', 'AWS refuses this use.')],
    ['the credentials are wrong', new AppError('QUEUE_CREDENTIALS', 'The credentials can not be used.')],
    ['a failure that is none of ours', new Error('socket hang up')],
  ];
  for (const [title, problem] of problems) {
    world.queue.answer = async () => {
      throw problem;
    };
    await sendAndGiveUp(world, title, { n: 1 });
    await sendAndGiveUp(world, `${title}: an array`, [{ n: 1 }, 5]);
  }
  world.queue.answer = async (messages) =>
    messages.map(() => ({ ok: false, code: 'InternalError', reason: 'try again', retryable: true }));
  await sendAndGiveUp(world, 'every message may be tried again, and is, until time is up', { n: 1 });
  const { received, accepted, refused, lastQueueError } = world.proxy.stats();
  world.transcript.value('of the stats', { received, accepted, refused, lastQueueError });
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-queue-fails'));
});

test('a queue that does not answer', async () => {
  const world = proxyOfTest('POST /send before a queue that does not answer');
  stopTimers();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  world.queue.answer = async (messages) => {
    await held;
    return messages.map(() => ({ ok: true, id: 'm' }));
  };
  await sendAndGiveUp(world, 'it is given back', { n: 1 });
  release();
  await world.proxy.drain();
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-queue-slow'));
});

test('too many readings wait for the queue', async () => {
  const world = proxyOfTest('POST /send while too many readings wait', { batcher: { maxWaiting: 0 } });
  await send(world, 'one is too many', { n: 1 });
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-overloaded'));
});

test('a queue that refuses single messages', async () => {
  const world = proxyOfTest('POST /send: messages that the queue will never take');
  world.queue.answer = async (messages) =>
    messages.map(({ body }) =>
      body.includes('bad')
        ? { ok: false, code: 'InvalidMessageContents', reason: 'not in the allowed set', retryable: false }
        : { ok: true, id: 'm' },
    );
  await send(world, 'a single message', { bad: 1 });
  await send(world, 'one of an array; problems of the proxy come first', [{ n: 0 }, { bad: 1 }, 5, { n: 3 }]);
  world.queue.answer = async (messages) =>
    messages.map(({ body }) => {
      if (body.includes('bad')) return { ok: false, code: 'InvalidMessageContents', reason: 'bad', retryable: false };
      throw new AppError('QUEUE_DENIED', 'AWS refuses this use.');
    });
  await send(world, 'a failure of the rest counts for all', [{ bad: 1 }, { n: 2 }]);
  world.transcript.value('stats', world.proxy.stats());
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-queue-refuses'));
});

test('what a sensor reports goes to the queue', async () => {
  const world = proxyOfTest('POST /send: X-Sensor-Config becomes an attribute of the message');
  const headers: [string, string][] = [
    ['as sensors write it', 'v=0;src=daddd;file=none;interval=500;paused=0'],
    ['any printable text of up to 128 characters', '~'.repeat(128)],
    ['129 characters are left out', '~'.repeat(2401)],
    ['a space inside is left out', 'v=0; src=ddddd'],
    ['an empty one is left out', ''],
  ];
  for (const [title, value] of headers) await send(world, title, [{ n: 1 }, { n: 2 }], { 'x-sensor-config': value });
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-reported'));
});

test('configuration in the answer', async () => {
  const desired = new DesiredConfigStore();
  const world = proxyOfTest('POST /send: newer desired configuration comes with the answer', { desired });
  const set = (scope: object, values: object) =>
    world.transcript.call(
      `the operator sets ${JSON.stringify(values)} for ${JSON.stringify(scope)}`,
      'PATCH',
      '/config',
      {
        headers: operator,
        body: { scope, set: values },
      },
    );
  const call = (title: string, body: unknown, headers: Record<string, string>) =>
    world.transcript.call(title, 'POST', '/send', { headers, body });
  const old = { sequence: 1, region: 'eu', hostname: 'edge-eu-1' };
  await call('nothing is set', old, reports(0));
  await set({}, { color: '#00ff88', interval: 0.5 });
  await set({ region: 'eu' }, { emoji: 3 });
  await set({ hostname: 'edge-eu-1' }, { paused: true, color: 'random' });
  await call('a sensor with nothing', old, reports(0));
  await call('a sensor of another region', { sequence: 1, region: 'us', hostname: 'edge-us-1' }, reports(0));
  await call('a sensor of the region', { sequence: 1, region: 'eu', hostname: 'edge-eu-2' }, reports(0));
  await call('a message that names neither', { n: 1 }, reports(0));
  await call('a sensor that has the fleet version only', old, reports(NOW));
  await call('a sensor that has the newest', old, reports(NOW + 2));
  await call(
    'a sensor of another region has the newest of its scopes',
    { ...old, region: 'us', hostname: 'h' },
    reports(NOW),
  );
  await call('no report, no configuration', old, {});
  await call('only the version must be readable', old, { 'x-sensor-config': 'v=1;anything' });
  await call('a report without a version', old, { 'x-sensor-config': 'anything' });
  await call('a version of 16 digits', old, { 'x-sensor-config': 'v=1742990400000000;' });
  await call(
    'in an array the first good message decides',
    [5, { ...old, region: 'us', hostname: 'h' }, old],
    reports(0),
  );
  await call('with a bad element', [old, { color: 'red' }], reports(0));
  const submission = (time: number) => ({ ...old, job_submission_time: time });
  await call('a submission', submission(2000), reports(NOW + 2));
  await call('an older one hears of it, too', submission(1000), reports(0));
  await call('an array of both', [submission(1000), submission(2000)], reports(0));
  await call('with only bad elements there is none', [5], reports(0));
  world.queue.answer = async () => {
    throw new AppError('QUEUE_DENIED', 'AWS refuses this use.');
  };
  await call('not with a refusal', old, reports(0));
  await expect(world.transcript.text).toMatchFileSnapshot(recorded('send-config'));
});
