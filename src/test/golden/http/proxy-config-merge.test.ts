/** `PUT /config`: a proxy takes over what another one holds. To be replaced by one proxy that all others follow. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NOW, operator, proxyOfTest, reports } from './proxy-support.js';
import type { Transcript } from './transcript.js';

const recorded = (name: string) => `../recorded/http/proxy/merge/${name}.http`;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

const put = (transcript: Transcript, title: string, body: unknown) =>
  transcript.call(title, 'PUT', '/config', { headers: operator, body });
const patch = (transcript: Transcript, title: string, body: unknown) =>
  transcript.call(title, 'PATCH', '/config', { headers: operator, body });
const empty = { version: 0, fleet: { version: 0 }, regions: {}, hosts: {} };

test('a state is taken over', async () => {
  const { transcript } = proxyOfTest('PUT /config to a proxy that has nothing');
  await put(transcript, 'nothing', empty);
  const state = {
    version: 30,
    fleet: { version: 10, color: '#00FF88', changed: { color: 10 } },
    regions: { eu: { version: 20, emoji: '3', changed: { emoji: 20 } } },
    hosts: { h: { version: 30, paused: 'yes' } },
  };
  await put(transcript, 'a state', state);
  await put(transcript, 'once more', state);
  await put(transcript, 'unknown members beside it are left out, and a loss that another has', {
    ...state,
    lost: 99,
    extra: 1,
  });
  await transcript.call('for a sensor', 'GET', '/config/effective?region=eu&hostname=h');
  await patch(transcript, 'a change comes after all of it', { set: { paused: true } });
  await expect(transcript.text).toMatchFileSnapshot(recorded('taken-over'));
});

test('what is refused', async () => {
  const { transcript } = proxyOfTest('PUT /config: what is refused');
  const bad: [string, unknown][] = [
    ['no JSON', 'no'],
    ['nothing', {}],
    ['a list', []],
    ['no version', { ...empty, version: undefined }],
    ['a version below 0', { ...empty, version: -1 }],
    ['a version above all', { ...empty, version: 900_000_000_000_001 }],
    ['a scope without a version', { ...empty, fleet: {} }],
    ['an unknown field', { ...empty, fleet: { version: 1, colour: '#000000' } }],
    ['a bad value', { ...empty, regions: { eu: { version: 1, color: 'red' } } }],
    ['a bad name', '{"version":1,"fleet":{"version":1},"regions":{"":{"version":1}},"hosts":{}}'],
    ['a change of an unknown field', { ...empty, hosts: { h: { version: 1, changed: { colour: 1 } } } }],
  ];
  for (const [title, body] of bad) await put(transcript, title, body);
  await transcript.call('nothing was taken', 'GET', '/config');
  await expect(transcript.text).toMatchFileSnapshot(recorded('refused'));
});

test('two states become one', async () => {
  const { transcript } = proxyOfTest('PUT /config: of every field in every scope the newest value stays');
  const fleet = (scope: object) => ({ ...empty, fleet: scope });
  await put(
    transcript,
    'one state',
    fleet({ version: 20, color: '#111111', emoji: 1, changed: { color: 10, emoji: 20 } }),
  );
  await put(transcript, 'a newer colour, an older icon: a version above both', {
    ...fleet({ version: 30, color: '#222222', emoji: 2, changed: { color: 30, emoji: 5 } }),
  });
  await put(transcript, 'only older values', fleet({ version: 15, color: '#333333', changed: { color: 15 } }));
  await put(
    transcript,
    'only newer ones',
    fleet({ version: 50, color: '#444444', emoji: 4, changed: { color: 50, emoji: 50 } }),
  );
  await put(
    transcript,
    'a field that was taken back later',
    fleet({ version: 60, emoji: 4, changed: { color: 60, emoji: 50 } }),
  );
  await put(transcript, 'as new, and different: what is given comes first', {
    ...fleet({ version: 60, emoji: 5, changed: { color: 60, emoji: 50 } }),
  });
  await put(
    transcript,
    'without the times of changes the version of the scope counts',
    fleet({ version: 70, interval: 2 }),
  );
  await put(transcript, 'other scopes are added', {
    ...empty,
    regions: { eu: { version: 5, paused: true } },
    hosts: { h: { version: 6, paused: false } },
  });
  await put(transcript, 'the version of a state may be above those of its scopes', { ...empty, version: 500 });
  await expect(transcript.text).toMatchFileSnapshot(recorded('joined'));
});

test('a change made at each of two proxies', async () => {
  const first = proxyOfTest('PUT /config between two proxies: the first');
  const second = proxyOfTest('the second');
  await patch(first.transcript, 'a colour', { set: { color: '#111111' } });
  vi.setSystemTime(NOW + 1000);
  await patch(second.transcript, 'an icon, a second later', { set: { emoji: 3 } });
  const { json } = await first.transcript.call('what it holds', 'GET', '/config');
  const joined = await put(second.transcript, 'it is given what the first holds', json);
  await put(first.transcript, 'and gives it back', joined.json);
  await put(second.transcript, 'both hold the same', (await first.transcript.call('now', 'GET', '/config')).json);
  await expect(first.transcript.text + second.transcript.text).toMatchFileSnapshot(recorded('two-proxies'));
});

test('a state that was lost comes back', async () => {
  const { transcript } = proxyOfTest('PUT /config brings back what a proxy has lost');
  await transcript.call('a sensor has a version', 'POST', '/send', { headers: reports(NOW - 1000), body: { n: 1 } });
  await patch(transcript, 'a change is refused', { set: { paused: true } });
  await put(transcript, 'an older state is not enough', { ...empty, version: 5, fleet: { version: 5, emoji: 1 } });
  await put(transcript, 'the state that sensors have', {
    ...empty,
    version: NOW - 1000,
    fleet: { version: NOW - 1000, emoji: 2 },
  });
  await patch(transcript, 'a change is taken', { set: { paused: true } });
  await expect(transcript.text).toMatchFileSnapshot(recorded('lost'));
});
