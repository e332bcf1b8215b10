/** `/config` of the proxy: reading, changing, and the rules of versions. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DesiredConfigStore } from '../../../proxy/desired-config-store.js';
import { type HttpTranscript, readable } from './http-transcript.js';
import { DAY, NOW, operator, proxyOfTest, reading, reports, SENSOR } from './proxy-support.js';

const recorded = (name: string) => `../recorded/http/proxy/${name}.http`;

let folder: string;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  folder = mkdtempSync(join(tmpdir(), 'golden-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const patch = (transcript: HttpTranscript, title: string, body: unknown, headers: Record<string, string> = operator) =>
  transcript.call(title, 'PATCH', '/config', { headers, body });

test('who may change it', async () => {
  const { transcript } = proxyOfTest('PATCH /config: who may');
  const body = { set: { paused: true } };
  await patch(transcript, 'no token', body, {});
  await patch(transcript, 'a wrong token', body, { authorization: 'Bearer other' });
  await patch(transcript, 'another scheme', body, { authorization: 'Basic operator-secret' });
  await patch(transcript, 'the token is looked at before the body', 'no JSON', {});
  await transcript.call('PUT without a token', 'PUT', '/config', { body: {} });
  await transcript.call('anybody may read', 'GET', '/config');
  await patch(transcript, 'the right token', body);
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-token'));
});

test('where nobody may change it', async () => {
  const { transcript } = proxyOfTest('PATCH /config of a proxy without an operator token', {
    guard: { operatorToken: undefined } as object,
  });
  await patch(transcript, 'whatever is given', { set: { paused: true } });
  await patch(transcript, 'or nothing', { set: { paused: true } }, {});
  await transcript.call('PUT', 'PUT', '/config', { headers: operator, body: {} });
  await transcript.call('anybody may read', 'GET', '/config');
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-no-token'));
});

test('changes that are refused', async () => {
  const { transcript } = proxyOfTest('PATCH /config: what is refused');
  await patch(transcript, 'no JSON', 'no');
  await patch(transcript, 'no body', undefined);
  for (const body of ['null', '5', '[]', '"text"']) await patch(transcript, `the body is ${body}`, body);
  const bad: [string, unknown][] = [
    ['an unknown member', { values: {} }],
    ['an unknown field', { set: { colour: '#00ff88' } }],
    ['a scope that is no object', { scope: 'eu' }],
    ['a scope of both', { scope: { region: 'eu', hostname: 'h' } }],
    ['a scope with a member that is none', { scope: { zone: 'eu' } }],
    ['an empty region', { scope: { region: '' } }],
    ['a hostname of 201 characters', { scope: { hostname: 'x'.repeat(201) } }],
    ['a hostname that is none', { scope: { hostname: '__proto__' } }],
    ['set is no object', { set: [] }],
    ['unset is no list', { unset: 'color' }],
    ['an unknown field in unset', { unset: ['colour'] }],
    ['seen is no integer', { seen: 1.5 }],
    ['seen is negative', { seen: -1 }],
    ['seen is above all versions', { seen: 900_000_000_000_001 }],
    ['replace is no boolean', { replace: 'yes' }],
    ['several at once: the first is told', { set: { color: 'reddish', interval: 0 } }],
  ];
  for (const [title, body] of bad) await patch(transcript, title, body);
  const values: Record<string, unknown[]> = {
    color: ['', 'reddish', '#fff', '#12345g', '00ff88', 0, -2, null, true],
    emoji: [16, -2, 1.5, '', 'rocket', '1e1', null, true],
    random_off: ['', 'maybe', 2, -1, null],
    interval: [0, 0.0499, 86_400.001, -1, '', '1e3', '5s', null, true],
    paused: ['', 'maybe', 2, null],
  };
  for (const [field, list] of Object.entries(values)) {
    for (const value of list) {
      await patch(transcript, `${field} is ${JSON.stringify(value)}`, { set: { [field]: value } });
    }
  }
  await transcript.call('nothing was changed', 'GET', '/config');
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-refused'));
});

test('values as they may be written', async () => {
  const { transcript } = proxyOfTest('PATCH /config: values, and what they become');
  const values: Record<string, unknown[]> = {
    color: ['#00FF88', 'random', 'RANDOM', -1, '-1'],
    emoji: [0, 15, '3', '3.0', -1, '-1', 'random', 'Random'],
    random_off: [true, 'true', 'YES', 'on', '1', 1, false, 'false', 'No', 'off', '0', 0],
    interval: [0.05, 86_400, '2', '0.5', '.5', '2.', 0.5005, 1.0004, 0.0505],
    paused: [true, 'yes', 0],
  };
  for (const [field, list] of Object.entries(values)) {
    for (const value of list) {
      await patch(transcript, `${field} is ${JSON.stringify(value)}`, { set: { [field]: value } });
    }
  }
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-values'));
});

test('scopes', async () => {
  const path = join(folder, 'desired.json');
  const { transcript } = proxyOfTest('/config: fleet, regions and hosts', { desired: new DesiredConfigStore(path, 0) });
  await transcript.call('nothing is set', 'GET', '/config');
  await transcript.call('nothing is set for a sensor', 'GET', '/config/effective?region=eu&hostname=edge-eu-1');
  await patch(transcript, 'the fleet', { set: { color: '#00FF88', interval: '1' } });
  await patch(transcript, 'the fleet, by name', { scope: {}, set: { random_off: true } });
  await patch(transcript, 'a region', { scope: { region: 'eu' }, set: { color: -1, emoji: 3 } });
  await patch(transcript, 'a host', { scope: { hostname: 'edge-eu-1' }, set: { emoji: 'random', paused: 'yes' } });
  await patch(transcript, 'any names', { scope: { region: 'constructor' }, set: { paused: true } });
  await transcript.call('all of it', 'GET', '/config');
  const effective = (query: string) => transcript.call(`effective: ${query}`, 'GET', `/config/effective${query}`);
  await effective('?region=eu&hostname=edge-eu-1');
  await effective('?region=eu&hostname=edge-eu-2');
  await effective('?region=us&hostname=edge-us-1');
  await effective('?region=constructor&hostname=constructor');
  await effective('?hostname=edge-eu-1');
  await effective('');
  await patch(transcript, 'a field is taken back', { scope: { region: 'eu' }, unset: ['color'] });
  await patch(transcript, 'one that was never set', { scope: { region: 'as' }, unset: ['paused', 'paused'] });
  await patch(transcript, 'set and unset at once', { set: { color: '#000000', emoji: 1 }, unset: ['color'] });
  await patch(transcript, 'nothing at all makes a version, too', {});
  await transcript.call('all of it', 'GET', '/config');
  await effective('?region=eu&hostname=edge-eu-1');
  transcript.note('the file of its state');
  const kept = readFileSync(path, 'utf8');
  transcript.note(readable(kept).trimEnd());
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-scopes'));
});

test('the effective configuration by version', async () => {
  const { transcript } = proxyOfTest('GET /config/effective by the version that a sensor has');
  const effective = (version: string) =>
    transcript.call(
      `version ${JSON.stringify(version)}`,
      'GET',
      `/config/effective?region=eu&hostname=h&version=${version}`,
    );
  await effective('0');
  await patch(transcript, 'something is set for another region', { scope: { region: 'us' }, set: { paused: true } });
  await effective('0');
  await patch(transcript, 'something is set', { scope: { region: 'eu' }, set: { paused: true } });
  for (const version of ['0', '', 'x', '-1', `${NOW}`, `${NOW + 1}`, `${NOW + 2}`, '1e20']) await effective(version);
  await transcript.call('no version', 'GET', '/config/effective?region=eu&hostname=h');
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-effective'));
});

test('versions grow whatever the clock does', async () => {
  const { transcript } = proxyOfTest('PATCH /config: versions are Unix milliseconds at least, and only grow');
  const next = (title: string) => patch(transcript, title, { set: { paused: true } });
  await next('the first is the time');
  await next('in the same millisecond');
  vi.setSystemTime(NOW + 5000);
  transcript.note('5 s later');
  await next('the time again');
  vi.setSystemTime(NOW - DAY);
  transcript.note('the clock is set back by a day');
  await next('one more than the last');
  await transcript.call('as it is kept', 'GET', '/config');
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-versions'));
});

test('versions that sensors report', async () => {
  const { transcript } = proxyOfTest('/config when sensors have a newer version than the proxy');
  const send = (title: string, version: number | string) =>
    transcript.call(title, 'POST', '/send', { headers: reports(version), body: { n: 1 } });
  const look = () => transcript.call('what is lost', 'GET', '/config');
  await patch(transcript, 'something is set', { set: { paused: true } });
  await send('a version that this proxy alone could have given is none of ours', NOW + 300_001);
  await look();
  await send('a sensor has a newer version', NOW + 1000);
  await look();
  await patch(transcript, 'a change is refused', { set: { paused: false } });
  await patch(transcript, 'also for another scope', { scope: { region: 'eu' }, set: { paused: false } });
  await send('an older one changes nothing', NOW + 500);
  await send('a newer one does', NOW + 300_000);
  await look();
  await patch(transcript, 'what is refused tells the newest', { set: { paused: false } });
  await patch(transcript, 'the loss is confirmed', { set: { paused: false }, replace: true });
  await look();
  await patch(transcript, 'and changes are taken again', { set: { emoji: 1 } });
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-lost'));
});

test('versions that the caller has seen', async () => {
  const { transcript } = proxyOfTest('PATCH /config: seen');
  await patch(transcript, 'an old one', { set: { paused: true }, seen: 5 });
  await patch(transcript, 'the same', { set: { paused: true }, seen: NOW });
  await patch(transcript, 'a newer one than this proxy has', { set: { paused: true }, seen: NOW + 5000 });
  await transcript.call('it is remembered', 'GET', '/config');
  await patch(transcript, 'one that is none of ours', { set: { paused: true }, seen: NOW + 2 * DAY });
  await patch(transcript, 'with replace', { set: { paused: true }, seen: NOW + 6000, replace: true });
  await transcript.call('nothing is lost any more', 'GET', '/config');
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-seen'));
});

test('paused sensors are heard by GET /config/effective', async () => {
  const { transcript } = proxyOfTest('GET /config/effective: what counts as a report');
  const ask = (title: string, query: string, headers = {}) =>
    transcript.call(title, 'GET', `/config/effective?region=eu&hostname=h${query}`, { headers });
  await ask('an address alone does not count', `&version=${NOW + 1000}`);
  await ask('nor does a header that is not one of ours', '', { 'x-sensor-config': `v=${NOW + 1000}` });
  await transcript.call('nothing is lost', 'GET', '/config');
  await ask('a report counts', `&version=${NOW + 1000}`, reports(NOW + 1000));
  await transcript.call('it is', 'GET', '/config');
  const guarded = proxyOfTest('the same where a sensor token is required', { guard: { sensorToken: SENSOR } });
  const askGuarded = (title: string, headers: Record<string, string>) =>
    guarded.transcript.call(title, 'GET', '/config/effective?region=eu&hostname=h', {
      headers: { ...reports(NOW + 1000), ...headers },
    });
  await askGuarded('without a token it gets its answer, and is not believed', {});
  await askGuarded('with a wrong one, too', { authorization: 'Bearer other' });
  await guarded.transcript.call('nothing is lost', 'GET', '/config');
  await askGuarded('with the right one it is', { authorization: `Bearer ${SENSOR}` });
  await guarded.transcript.call('it is', 'GET', '/config');
  await expect(transcript.text + guarded.transcript.text).toMatchFileSnapshot(recorded('config-reports'));
});

test('a proxy that began with nothing listens before it takes a change', async () => {
  const path = join(folder, 'desired.json');
  const { transcript } = proxyOfTest('PATCH /config of a proxy that began without its state', {
    desired: new DesiredConfigStore(path, 1000),
  });
  const waiting = patch(transcript, 'nothing is said about versions: answered last', { set: { color: '#000001' } });
  await patch(transcript, 'the caller has seen none: answered at once', { set: { color: '#000002' }, seen: 0 });
  await patch(transcript, 'with replace: answered at once', { set: { color: '#000003' }, replace: true });
  await waiting;
  await transcript.call('as it is kept', 'GET', '/config');
  expect(existsSync(path)).toBe(true);
  // Begun with its state, it knows what there is.
  const again = proxyOfTest('begun again with its state', { desired: new DesiredConfigStore(path, 60_000) });
  await again.transcript.call('it has all', 'GET', '/config');
  await patch(again.transcript, 'a change is taken at once', { set: { paused: true } });
  await expect(transcript.text + again.transcript.text).toMatchFileSnapshot(recorded('config-began-empty'));
});

test('the highest version', async () => {
  const highest = 900_000_000_000_000;
  vi.setSystemTime(highest + 1);
  const { transcript } = proxyOfTest('PATCH /config at the end of all versions');
  await patch(transcript, 'the highest', { set: { paused: true } });
  await patch(transcript, 'there is no higher', { set: { paused: false } });
  await transcript.call('a sensor that has it', 'POST', '/send', { headers: reports(highest), body: reading() });
  await expect(transcript.text).toMatchFileSnapshot(recorded('config-highest'));
});
