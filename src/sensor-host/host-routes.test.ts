import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import type { Cluster } from './cluster.js';
import { createSensorHostApp } from './host-routes.js';

/** What the cluster was asked to do. */
let calls: unknown[];
let failure: Error | undefined;
let log: string[];
let app: ReturnType<typeof createSensorHostApp>;

const cluster = {
  nodes: () => {
    if (failure) throw failure;
    return [{ name: 'edge-eu-1' }];
  },
  jobs: () => [{ name: 'publisher-eu' }],
  async submit(...args: unknown[]) {
    calls.push(['submit', ...args]);
    if (failure) throw failure;
    return { jobId: 'j-1', version: 1, unchanged: false };
  },
  stop(name: string) {
    calls.push(['stop', name]);
    return name === 'publisher-eu';
  },
  setRegionLink(region: string, connected: boolean, onSite?: string) {
    calls.push(['link', region, connected, ...(onSite === undefined ? [] : [onSite])]);
  },
} as unknown as Cluster;

beforeEach(() => {
  [calls, failure, log] = [[], undefined, []];
  app = createSensorHostApp(cluster, { token: 'control', log: (text) => log.push(text) });
});

function call(method: string, path: string, body?: string, authorization = 'Bearer control') {
  return app.request(path, { method, headers: { authorization }, ...(body === undefined ? {} : { body }) });
}
const answerOf = async (answer: Response | Promise<Response>) => {
  const response = await answer;
  return [response.status, await response.json()];
};

const JOB = { region: 'eu', module: 'publisher', type: 'daemon', args: ['--interval', '1'] };
const put = (path: string, body: unknown) => call('PUT', path, JSON.stringify(body));

it('shows nodes and jobs', async () => {
  expect(await answerOf(call('GET', '/nodes'))).toEqual([200, [{ name: 'edge-eu-1' }]]);
  expect(await answerOf(call('GET', '/jobs'))).toEqual([200, [{ name: 'publisher-eu' }]]);
});

it('submits a job under the name of its path, with the defaults', async () => {
  expect(await answerOf(put('/jobs/publisher-eu', JOB))).toEqual([200, { jobId: 'j-1', version: 1, unchanged: false }]);
  const full = {
    ...JOB,
    env: { A: '1' },
    mounts: [{ target: '/a', source: 'b', writable: true }],
    allow: ['a.example:1'],
  };
  await put('/jobs/A.b_c-1', full);
  expect(calls).toEqual([
    ['submit', { ...JOB, name: 'publisher-eu', env: {}, mounts: [], allow: [] }],
    ['submit', { ...full, name: 'A.b_c-1' }],
  ]);
});

it('stops a job, cuts and restores a link', async () => {
  expect(await answerOf(call('DELETE', '/jobs/publisher-eu'))).toEqual([200, { stopped: true }]);
  expect(await answerOf(call('DELETE', '/jobs/x'))).toEqual([200, { stopped: false }]);
  expect(await answerOf(put('/regions/eu', { connected: false }))).toEqual([200, { connected: false }]);
  expect(await answerOf(put('/regions/eu', { connected: true }))).toEqual([200, { connected: true }]);
  expect(calls).toEqual([
    ['stop', 'publisher-eu'],
    ['stop', 'x'],
    ['link', 'eu', false],
    ['link', 'eu', true],
  ]);
});

describe('the token', () => {
  it.each(['/nodes', '/jobs', '/metrics', '/elsewhere', '/health/x'])('%s needs it', async (path) => {
    const refused = (code: string) => ({ error: expect.objectContaining({ code, message: expect.any(String) }) });
    expect(await answerOf(app.request(path))).toEqual([401, refused('TOKEN_MISSING')]);
    for (const given of ['Bearer wrong', 'control', '']) {
      expect(await answerOf(call('GET', path, undefined, given))).toEqual([403, refused('TOKEN_WRONG')]);
    }
  });

  it('is needed before anything happens', async () => {
    await app.request('/jobs/x', { method: 'DELETE' });
    await app.request('/regions/eu', { method: 'PUT', body: '{"connected":false}' });
    expect(calls).toEqual([]);
  });

  it.each([
    ['/health', 'healthy'],
    ['/ready', 'ready'],
  ])('%s does without', async (path, status) => {
    expect(await answerOf(app.request(path))).toEqual([200, { status }]);
  });
});

describe('a bad request', () => {
  it.each([
    ['/jobs/x', { region: 'eu' }, /^module: /],
    ['/jobs/x', { ...JOB, extra: 1 }, /extra/],
    ['/jobs/x', { ...JOB, name: 'x' }, /name/],
    ['/jobs/x', { ...JOB, module: 'other' }, /^module: /],
    ['/jobs/x', { ...JOB, type: 'service' }, /^type: /],
    ['/jobs/x', { ...JOB, mounts: [{ target: 'a', source: 'b' }] }, /^mounts\.0\.target: /],
    ['/jobs/x', { ...JOB, mounts: [{ target: '/a', source: '' }] }, /^mounts\.0\.source: /],
    ['/jobs/a%20b', JOB, /^name: must be letters, digits, dots, dashes, underscores$/],
    [`/jobs/${'x'.repeat(101)}`, JOB, /^name: must be letters/],
    ['/regions/eu', { connected: 'yes' }, /^connected: /],
    ['/regions/eu', { connected: true, also: 1 }, /also/],
  ])('to %s with %j is refused and does nothing', async (path, body, reason) => {
    const [status, answer] = await answerOf(put(path, body));
    expect([status, answer]).toMatchObject([
      422,
      { error: { code: 'BAD_REQUEST', message: expect.stringMatching(reason) } },
    ]);
    expect(calls).toEqual([]);
  });

  it('that is not JSON is refused', async () => {
    expect(await answerOf(call('PUT', '/regions/eu', '{'))).toMatchObject([400, { error: { code: 'NOT_JSON' } }]);
    expect(await answerOf(call('PUT', '/jobs/x'))).toMatchObject([400, { error: { code: 'NOT_JSON' } }]);
  });

  it('to nowhere is a 404', async () => {
    const message = 'there is no GET /nothing here';
    expect(await answerOf(call('GET', '/nothing'))).toEqual([
      404,
      { error: { code: 'NO_SUCH_PATH', message, reason: message } },
    ]);
    expect((await call('POST', '/jobs')).status).toBe(404);
  });
});

it('passes on why the cluster refuses, and logs defects only', async () => {
  failure = new AppError('NO_SUCH_REGION', 'there is no region mars', { hint: 'Regions here: eu.' });
  const error = { code: 'NO_SUCH_REGION', message: 'there is no region mars', hint: 'Regions here: eu.' };
  expect(await answerOf(put('/jobs/x', JOB))).toMatchObject([422, { error }]);
  failure = new AppError('HOST_FULL', 'no more');
  expect(await answerOf(put('/jobs/x', JOB))).toMatchObject([500, { error: { code: 'HOST_FULL' } }]);
  expect(log).toEqual([]);
  failure = new Error('a bug');
  expect(await answerOf(call('GET', '/nodes'))).toMatchObject([500, { error: { code: 'INTERNAL', message: 'a bug' } }]);
  expect(log).toEqual([expect.stringMatching(/^GET \/nodes: Error: a bug\n.*at /s)]);
});

it('refuses a page under a name that was rebound to this machine, whatever its token', async () => {
  const served = createSensorHostApp({ nodes: () => [] } as unknown as Cluster, {
    token: 'control',
    hosts: ['localhost'],
  });
  const ask = async (host: string) =>
    (await served.request('/nodes', { headers: { host, authorization: 'Bearer control' } })).status;
  expect([await ask('evil.example'), await ask('localhost:1')]).toEqual([403, 200]);
});
