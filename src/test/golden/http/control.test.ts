/** The control API of a running `up`, which other terminals call with the operator token. */
import { expect, test } from 'vitest';
import { AppError } from '../../../lib/errors/app-error.js';
import { createControl } from '../../../runtime/control-server.js';
import { HttpTranscript } from './http-transcript.js';

const recorded = (name: string) => `../recorded/http/control/${name}.http`;

const TOKEN = 'operator-secret';
const operator = { authorization: `Bearer ${TOKEN}` };

function start(title: string) {
  const called: unknown[] = [];
  const world = { fails: undefined as Error | undefined };
  const handler =
    (name: string) =>
    async (...given: unknown[]) => {
      if (world.fails) throw world.fails;
      called.push([name, ...given]);
    };
  const app = createControl(TOKEN, {
    setRegionLink: handler('setRegionLink'),
    setEndpoints: handler('setEndpoints'),
    stop: () => called.push(['stop']),
  });
  const transcript = new HttpTranscript(title, app);
  const call = async (title: string, method: string, path: string, body?: unknown, headers: object = operator) => {
    await transcript.call(title, method, path, { headers: headers as Record<string, string>, body });
    if (called.length > 0) transcript.value('called:', called.splice(0));
  };
  return { world, transcript, call };
}

test('who may', async () => {
  const { call, transcript } = start('The control API: who may');
  await call('no token', 'POST', '/stop', undefined, {});
  await call('a wrong token', 'POST', '/stop', undefined, { authorization: 'Bearer other' });
  await call('another scheme', 'POST', '/stop', undefined, { authorization: `Basic ${TOKEN}` });
  await call('a region', 'PUT', '/regions/eu', { connected: false }, {});
  await call('endpoints', 'PATCH', '/endpoints', { puller: null }, {});
  await call('a path that is not there', 'GET', '/nothing', undefined, {});
  await call('any Host will do, with the token', 'POST', '/stop', undefined, { ...operator, host: 'evil.test' });
  await expect(transcript.text).toMatchFileSnapshot(recorded('token'));
});

test('regions', async () => {
  const { call, transcript, world } = start('PUT /regions/:region');
  await call('cut', 'PUT', '/regions/eu', { connected: false });
  await call('connected', 'PUT', '/regions/eu', { connected: true });
  await call('a name with a blank and a slash', 'PUT', '/regions/a%20b%2Fc', { connected: true });
  const bad: [string, unknown][] = [
    ['no body', undefined],
    ['no JSON', 'no'],
    ['nothing', {}],
    ['no boolean', { connected: 'no' }],
    ['an unknown member', { connected: true, more: 1 }],
  ];
  for (const [title, body] of bad) await call(title, 'PUT', '/regions/eu', body);
  world.fails = new AppError('NO_SUCH_REGION', 'there is no region mars', {
    hint: 'Regions here: us, eu, as.',
  });
  await call('a failure with a hint', 'PUT', '/regions/mars', { connected: true });
  world.fails = new AppError('NOT_OFFERED', 'the remote network does not cut regions through `up`');
  await call('a failure without one', 'PUT', '/regions/eu', { connected: true });
  world.fails = new AppError('DOCKER_FAILED', 'docker ended with code 1');
  await call('a failure of the system', 'PUT', '/regions/eu', { connected: true });
  world.fails = new Error('x is not a function');
  await call('a bug', 'PUT', '/regions/eu', { connected: true });
  await expect(transcript.text).toMatchFileSnapshot(recorded('regions'));
});

test('endpoints', async () => {
  const { call, transcript, world } = start('PATCH /endpoints');
  await call('the puller moves', 'PATCH', '/endpoints', { puller: 'http://127.0.0.1:9091' });
  await call('a proxy of a job', 'PATCH', '/endpoints', { jobProxy: 'http://127.0.0.1:9090' });
  await call('both are gone', 'PATCH', '/endpoints', { puller: null, jobProxy: null });
  await call('nothing changes', 'PATCH', '/endpoints', {});
  const bad: [string, unknown][] = [
    ['no JSON', 'no'],
    ['no URL', { puller: 'here' }],
    ['a number', { jobProxy: 5 }],
    ['an unknown member', { proxy: 'http://127.0.0.1:9090' }],
    ['two problems', { puller: 'here', jobProxy: 'there' }],
  ];
  for (const [title, body] of bad) await call(title, 'PATCH', '/endpoints', body);
  world.fails = new AppError('PULLER_GONE', 'the puller does not answer');
  await call('a failure', 'PATCH', '/endpoints', { puller: null });
  await expect(transcript.text).toMatchFileSnapshot(recorded('endpoints'));
});

test('the end, and what is not there', async () => {
  const { call, transcript } = start('POST /stop, and paths and methods that are not there');
  await call('the end', 'POST', '/stop');
  await call('twice', 'POST', '/stop');
  await call('a body is not read', 'POST', '/stop', 'no');
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/stop'],
    ['GET', '/regions/eu'],
    ['PUT', '/regions'],
    ['PUT', '/regions/'],
    ['POST', '/endpoints'],
    ['GET', '/health'],
    ['GET', '/ready'],
  ] as const) {
    await call(`${method} ${path}`, method, path);
  }
  await expect(transcript.text).toMatchFileSnapshot(recorded('stop'));
});
