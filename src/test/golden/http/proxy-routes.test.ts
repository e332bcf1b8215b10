/** The proxy's other routes: who may ask at all, health, readiness, statistics, and what is not there. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../../lib/errors/app-error.js';
import { DesiredConfigStore } from '../../../proxy/desired-config-store.js';
import { guardCalls } from './guard-calls.js';
import { json, NOW, operator, proxyOfTest, reading } from './proxy-support.js';

const recorded = (name: string) => `../recorded/http/proxy/${name}.http`;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

test('Host and Origin', async () => {
  const { transcript, proxy } = proxyOfTest('The proxy, known as localhost, 127.0.0.1, ::1 and proxy.test', {
    guard: { hosts: ['localhost', '127.0.0.1', '::1', 'proxy.test'] },
  });
  await guardCalls(transcript, '/health', 'proxy.test');
  const foreign = { host: 'localhost:9090', origin: 'http://evil.test' };
  await transcript.call('a reading', 'POST', '/send', { headers: { ...json, ...foreign }, body: reading() });
  await transcript.call('configuration, with the token', 'PATCH', '/config', {
    headers: { ...operator, ...foreign },
    body: { set: { paused: true } },
  });
  await transcript.call('a path that is not there', 'GET', '/nothing', { headers: foreign });
  transcript.value('stats', proxy.stats());
  await expect(transcript.text).toMatchFileSnapshot(recorded('guard'));
});

test('without a list any Host will do, and pages of other sites are refused all the same', async () => {
  const { transcript } = proxyOfTest('The proxy where no names are given');
  const headers = { host: 'evil.test', origin: 'http://other.test', 'sec-fetch-site': 'cross-site' };
  await transcript.call('health', 'GET', '/health', { headers });
  await transcript.call('a reading', 'POST', '/send', { headers, body: reading() });
  await expect(transcript.text).toMatchFileSnapshot(recorded('guard-open'));
});

test('health and readiness', async () => {
  const { transcript, queue } = proxyOfTest('GET /health and /ready of the proxy');
  await transcript.call('health', 'GET', '/health');
  await transcript.call('health, HEAD', 'HEAD', '/health');
  await transcript.call('ready', 'GET', '/ready');
  queue.check = async () => {
    throw new AppError('QUEUE_NOT_FOUND', 'There is no queue readings.');
  };
  await transcript.call('ready, without its queue', 'GET', '/ready');
  queue.check = async () => {
    throw new AggregateError([new Error('connect ECONNREFUSED ::1'), new Error('connect ECONNREFUSED 127.0.0.1')]);
  };
  await transcript.call('ready, with several reasons', 'GET', '/ready');
  await transcript.call('health never asks the queue', 'GET', '/health');
  await expect(transcript.text).toMatchFileSnapshot(recorded('health'));
});

test('statistics', async () => {
  const { transcript } = proxyOfTest('GET /stats of the proxy');
  await transcript.call('at first', 'GET', '/stats');
  const send = (title: string, body: unknown) => transcript.call(title, 'POST', '/send', { headers: json, body });
  await send('one reading', reading());
  await send('an array with a bad element', [reading({ sequence: 2 }), { color: 'red' }]);
  await send('an older submission', reading({ job_submission_time: 1 }));
  await send('no JSON', 'no');
  await transcript.call('no such path', 'GET', '/nothing');
  await transcript.call('afterwards', 'GET', '/stats');
  await expect(transcript.text).toMatchFileSnapshot(recorded('stats'));
});

test('paths and methods that are not there', async () => {
  const { transcript } = proxyOfTest('Paths and methods that the proxy does not have');
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/send'],
    ['PUT', '/send'],
    ['OPTIONS', '/send'],
    ['POST', '/send/'],
    ['POST', '/Send'],
    ['HEAD', '/nothing'],
    ['POST', '/health'],
    ['POST', '/config'],
    ['DELETE', '/config'],
    ['PATCH', '/config/effective'],
    ['GET', '/nothing?a=b'],
    ['GET', '/a%20b'],
  ] as const) {
    await transcript.call(`${method} ${path}`, method, path);
  }
  await expect(transcript.text).toMatchFileSnapshot(recorded('not-found'));
});

test('a failure that nobody expects', async () => {
  const desired = new DesiredConfigStore();
  desired.patch = () => {
    throw new Error('ENOSPC: no space left on device');
  };
  const { transcript } = proxyOfTest('The proxy fails in a way that nobody expects', { desired });
  await transcript.call('the state can not be kept', 'PATCH', '/config', {
    headers: operator,
    body: { set: { paused: true } },
  });
  await transcript.call('it is counted', 'GET', '/stats');
  await expect(transcript.text).toMatchFileSnapshot(recorded('internal'));
});
