/** The puller's HTTP side: the fleet view, annotations of the operator, its page and its health. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../../lib/errors/app-error.js';
import { createPage } from '../../../web/web-page.js';
import { guardCalls } from './guard-calls.js';
import {
  config,
  jump,
  NOW,
  operator,
  type PullerOfTest,
  type PullerOverrides,
  pullerOfTest,
  reading,
  stopTime,
  until,
} from './puller-support.js';

const recorded = (name: string) => `../recorded/http/puller/${name}.http`;

const running: PullerOfTest[] = [];
beforeEach(stopTime);
afterEach(async () => {
  for (const puller of running.splice(0)) await puller.stop();
  vi.useRealTimers();
});

function start(title: string, over: PullerOverrides = {}): PullerOfTest {
  const puller = pullerOfTest(title, over);
  running.push(puller);
  return puller;
}

const us = { execution_id: 'e-2', job_id: 'j-2', hostname: 'edge-us-1', region: 'us', color: '#ff5733' };

test('the fleet', async () => {
  const { transcript, deliver } = start('GET /fleet, /fleet/summary and /fleet/since');
  const look = async (title: string) => {
    await transcript.call(title, 'GET', '/fleet');
    await transcript.call(`${title}: the summary alone`, 'GET', '/fleet/summary');
    await transcript.call(`${title}: of a submission`, 'GET', `/fleet/since?submission=${NOW - 60_000}`);
  };
  await look('nothing was heard yet');
  await deliver([reading(1), reading(1, us), { hello: 'world' }]);
  await look('two sensors');
  await deliver([reading(2), reading(5), reading(5), reading(4)], config({ interval: 500 }));
  await deliver([reading(2, us)], config({ version: 7, sources: 'nafdn', paused: 1, interval: 60_000 }));
  const foreign = { execution_id: 'e-3', sequence: 1, hostname: undefined, region: '', job_submission_time: NOW };
  await deliver([foreign], '');
  await look('a gap, a duplicate, one that is late, one that is paused, one that says nothing of itself');
  jump(20_000);
  await look('20 s of silence later');
  await deliver([reading(1, { execution_id: 'e-4', job_submission_time: NOW + 10_000 })]);
  await look('a newer submission on the same host');
  jump(900_000);
  await look('15 minutes of silence later');
  await expect(transcript.text).toMatchFileSnapshot(recorded('fleet'));
});

test('queries that are refused', async () => {
  const { transcript } = start('What the puller refuses of a query');
  for (const path of [
    '/fleet/since',
    '/fleet/since?submission=',
    '/fleet/since?submission=x',
    '/events?since=x',
    '/events?kinds=',
    '/events?kinds=reading,nothing',
    '/events?kinds=Reading',
  ]) {
    await transcript.call(path, 'GET', path);
  }
  await expect(transcript.text).toMatchFileSnapshot(recorded('bad-queries'));
});

test('convergence', async () => {
  const { transcript, deliver } = start('POST /fleet/convergence');
  const version = NOW + 1000;
  const state = {
    version,
    fleet: { version, color: '#00ff88', interval: 1 },
    regions: {},
    hosts: { 'edge-us-1': { version: version - 1, paused: true } },
  };
  const ask = (title: string, body: unknown) =>
    transcript.call(title, 'POST', '/fleet/convergence', { headers: { 'content-type': 'application/json' }, body });
  await ask('an empty fleet', { state, scope: {} });
  await deliver([reading(1)], config({ version, sources: 'ndddd' }));
  await deliver([reading(1, us)], config({ version: version - 1, sources: 'ndddn', paused: 1 }));
  await deliver([reading(1, { execution_id: 'e-3', hostname: 'edge-eu-2' })], config({ version, sources: 'nddnd' }));
  await ask('the fleet', { state, scope: {} });
  await ask('a region', { state, scope: { region: 'eu' } });
  await ask('a host', { state, scope: { hostname: 'edge-us-1' } });
  await ask('a host that is not there', { state, scope: { hostname: 'edge-as-1' } });
  await ask('nothing is desired', { state: { version: 0, fleet: { version: 0 }, regions: {}, hosts: {} }, scope: {} });
  await ask('with the jobs of the network', { state, scope: {}, jobs: { deployed: ['j-1'], ended: ['j-2'] } });
  jump(900_000);
  await ask('15 minutes of silence later', { state, scope: {} });
  await ask('then with the jobs of the network', { state, scope: {}, jobs: { deployed: ['j-1', 'j-2'], ended: [] } });
  const bad: [string, unknown][] = [
    ['no body', undefined],
    ['no JSON', 'no'],
    ['no state', { scope: {} }],
    ['no scope', { state }],
    ['a scope of both', { state, scope: { region: 'eu', hostname: 'h' } }],
    ['a bad state', { state: { ...state, version: -1 }, scope: {} }],
    ['an unknown member', { state, scope: {}, more: 1 }],
    ['jobs without those that were ended', { state, scope: {}, jobs: { deployed: [] } }],
  ];
  for (const [title, body] of bad) await ask(title, body);
  await expect(transcript.text).toMatchFileSnapshot(recorded('convergence'));
});

test('annotations of the operator', async () => {
  const { transcript, deliver } = start('POST /fleet/annotations');
  const annotate = (title: string, body: unknown, headers: Record<string, string> = operator) =>
    transcript.call(title, 'POST', '/fleet/annotations', { headers, body });
  const look = (title: string) => transcript.call(title, 'GET', '/fleet');
  await annotate('no token', { region: 'eu', connected: false }, {});
  await annotate('a wrong token', { region: 'eu', connected: false }, { authorization: 'Bearer other' });
  const bad: [string, unknown][] = [
    ['no body', undefined],
    ['no JSON', 'no'],
    ['nothing', {}],
    ['a region alone', { region: 'eu' }],
    ['no boolean', { region: 'eu', connected: 'no' }],
    ['two things at once', { region: 'eu', connected: false, endedJobs: [] }],
    ['jobs that are no list', { endedJobs: 'j-1' }],
    ['an end without its time', { networkEnds: { since: 1 } }],
  ];
  for (const [title, body] of bad) await annotate(title, body);
  await deliver([reading(1), reading(1, us)]);
  await annotate('a region is cut', { region: 'eu', connected: false });
  await annotate('one that nobody knows', { region: 'mars', connected: false });
  await transcript.call('it shows', 'GET', '/fleet/summary');
  await annotate('it is connected again', { region: 'eu', connected: true });
  const former = { headers: operator, body: { region: 'eu', connected: false } };
  await transcript.call('by the former name of the route', 'POST', '/fleet/told', former);
  await annotate('a job was ended', { endedJobs: ['j-2', 'j-9'] });
  await look('its sensors are gone');
  await deliver([reading(2)]);
  await annotate('the network ends', { networkEnds: { since: NOW, by: NOW + 60_000 } });
  await look('all are gone');
  await expect(transcript.text).toMatchFileSnapshot(recorded('annotations'));
});

test('annotations without an operator token', async () => {
  const { transcript } = start('POST /fleet/annotations of a puller without an operator token', {
    http: { token: undefined },
  });
  const body = { region: 'eu', connected: false };
  await transcript.call('with a token', 'POST', '/fleet/annotations', { headers: operator, body });
  await transcript.call('without', 'POST', '/fleet/annotations', { body });
  await transcript.call('with an empty one', 'POST', '/fleet/annotations', {
    headers: { authorization: 'Bearer ' },
    body,
  });
  await expect(transcript.text).toMatchFileSnapshot(recorded('annotations-no-token'));
});

test('statistics', async () => {
  const { transcript, deliver, queue, said } = start('GET /stats of the puller');
  await transcript.call('at first', 'GET', '/stats');
  await deliver([reading(1), { hello: 'world' }]);
  await deliver(['no JSON', '[]', reading(1, { color: 'red' })]);
  await transcript.call('two that were taken, three that nobody can take', 'GET', '/stats');
  queue.deadLetter = async () => {
    throw new AppError('QUEUE_NOT_FOUND', 'There is no queue readings-dead.');
  };
  queue.push(['no JSON'], {});
  await until(() => said.length > 0);
  await transcript.call('without a dead-letter queue', 'GET', '/stats');
  queue.depth = async () => {
    throw new AppError('QUEUE_UNREACHABLE', 'The queue can not be reached.');
  };
  await transcript.call('a queue that does not tell its depth', 'GET', '/stats');
  transcript.value('events of the pipeline:', said);
  await expect(transcript.text).toMatchFileSnapshot(recorded('stats'));
});

test('health and readiness', async () => {
  const { transcript, queue } = start('GET /health and /ready of the puller');
  await transcript.call('health', 'GET', '/health');
  await transcript.call('ready', 'GET', '/ready');
  queue.check = async () => {
    throw new AppError('QUEUE_NOT_FOUND', 'There is no queue readings.');
  };
  await transcript.call('ready, without its queue', 'GET', '/ready');
  await transcript.call('health never asks the queue', 'GET', '/health');
  await expect(transcript.text).toMatchFileSnapshot(recorded('health'));
});

test('Host and Origin', async () => {
  const hosts = ['localhost', '127.0.0.1', '::1', 'puller.test'];
  const { transcript } = start('The puller, known as localhost, 127.0.0.1, ::1 and puller.test', { http: { hosts } });
  await guardCalls(transcript, '/health', 'puller.test');
  const foreign = { host: 'localhost:9091', origin: 'http://evil.test' };
  await transcript.call('the fleet', 'GET', '/fleet', { headers: foreign });
  await transcript.call('events', 'GET', '/events', { headers: foreign });
  await expect(transcript.text).toMatchFileSnapshot(recorded('guard'));
});

test('paths and methods that are not there', async () => {
  const { transcript } = start('Paths and methods that the puller does not have');
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['GET', '/fleet/'],
    ['POST', '/fleet'],
    ['GET', '/fleet/convergence'],
    ['GET', '/fleet/annotations'],
    ['GET', '/fleet/told'],
    ['POST', '/events'],
    ['POST', '/send'],
    ['GET', '/page/nothing.js'],
    ['GET', '/page/index.html'],
    ['GET', '/page/..%2fpage.js'],
  ] as const) {
    await transcript.call(`${method} ${path}`, method, path);
  }
  await expect(transcript.text).toMatchFileSnapshot(recorded('not-found'));
});

test('the page', async () => {
  const { service, transcript } = start('The files of the web page, without their text', {
    http: { page: createPage() },
  });
  const get = async (path: string) => {
    const response = await transcript.open(path, path);
    const text = await response.text();
    expect(text.length).toBeGreaterThan(100);
    return text;
  };
  const index = await get('/');
  // What the page asks for, and what those files ask for in turn.
  const seen = new Set<string>(['/']);
  const links = (text: string) =>
    [...text.matchAll(/["'](?:page|\.)\/([\w-]+\.(?:js|css))["']/g)].map((match) => `/page/${match[1]}`);
  const queue = links(index);
  while (queue.length > 0) {
    const path = queue.shift()!;
    if (seen.has(path)) continue;
    seen.add(path);
    queue.push(...links(await (await service.app.request(path)).text()));
  }
  for (const path of [...seen].sort().slice(1)) await get(path);
  const head = await transcript.call('HEAD /', 'HEAD', '/');
  expect(head.text).toBe('');
  await transcript.call('POST /', 'POST', '/');
  await expect(transcript.text).toMatchFileSnapshot(recorded('page'));
});
