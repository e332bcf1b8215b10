import { beforeEach, expect, test } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import { type AccessLock, accessLock, type OperatorSessions, operatorSessions } from '../../lib/net/access-lock.js';
import type { Queue } from '../../queue/queue.js';
import { oneUnit } from '../../test/support/one-unit.js';
import { createPage } from '../../web/web-page.js';
import { EventHub } from '../events/event-hub.js';
import { createPullerApp } from '../puller-app.js';
import type { ConfigChange, ConfigChanged, FleetControls, LinkChanged, Report } from './fleet-controls.js';

const HOST = 'localhost:9091';
const queue = { name: 'q', depth: async () => undefined } as unknown as Queue;
let asked: unknown[];
let logged: string[];
let operation: (report: Report) => Promise<ConfigChanged & LinkChanged>;
let closed: AbortController;

beforeEach(() => {
  asked = [];
  logged = [];
  closed = new AbortController();
  operation = async (report) => {
    for (const done of [0, 0, 2]) report({ done, of: 3 });
    return DONE;
  };
});

const DONE = { version: 7, reached: 1, nodes: 1, seconds: 1 };
const CONVERGENCE = { sensors: 0, converged: 0, pending: [] };

const controls: FleetControls = {
  offers: async () => ({ config: true, links: false }),
  readConfig: async (place) => {
    asked.push(place);
    return { scopes: [], convergence: CONVERGENCE, alike: [], sensors: [] };
  },
  changeConfig: async (change: ConfigChange, report) => {
    asked.push(change);
    return operation(report);
  },
  setRegionLink: async (region, connected, report) => {
    asked.push({ region, connected });
    return operation(report);
  },
  deadLetters: async () => ({ seen: 0, complete: true, letters: [] }),
};

interface Options {
  controls?: FleetControls | undefined;
  operator?: OperatorSessions | undefined;
  lock?: AccessLock;
}

/** A browser at the page of a puller. */
function browserAt(options: Options = {}) {
  const { operator, lock } = { operator: operatorSessions('operator'), ...options };
  const hub = new EventHub();
  const app = createPullerApp({
    units: oneUnit(hub, { queue }),
    bus: hub,
    firing: () => [],
    controls: 'controls' in options ? options.controls : controls,
    closed: closed.signal,
    http: { page: createPage(lock, operator), operator, lock, hosts: ['localhost'], log: (text) => logged.push(text) },
  });
  const cookies = new Map<string, string>();
  let key = '';
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await app.request(path, {
      method,
      headers: {
        host: HOST,
        cookie: [...cookies].map((pair) => pair.join('=')).join('; '),
        'x-session-key': key,
        ...headers,
      },
      ...(body === undefined ? {} : { body: body instanceof URLSearchParams ? body : JSON.stringify(body) }),
    });
    for (const set of response.headers.getSetCookie())
      cookies.set(...(set.split(';')[0]!.split('=') as [string, string]));
    return response;
  };
  const view = async () => (await ask('GET', '/controls')).json() as Promise<Record<string, unknown>>;
  return {
    ask,
    view,
    async signIn(token: string) {
      const answer = await ask('POST', '/session', new URLSearchParams({ token }));
      key = /#key=([\w-]{32})$/.exec(answer.headers.get('location') ?? '')?.[1] ?? '';
      return answer;
    },
    change: (body: unknown, headers: Record<string, string> = {}) => ask('POST', '/controls/config', body, headers),
    link: (region: string, connected: unknown) => ask('PUT', `/controls/regions/${region}`, { connected }),
  };
}

const linesOf = async (response: Response) =>
  (await response.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
const codeOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
};

test('who has signed in with the operator token changes the configuration, and sees how far it is', async () => {
  const browser = browserAt();
  expect(await browser.view()).toEqual({ operator: false, signIn: true, config: true, links: false });
  expect((await browser.signIn('operator')).status).toBe(303);
  expect(await browser.view()).toEqual({ operator: true, signIn: true, config: true, links: false });
  const answer = await browser.change({ scope: { region: 'eu' }, set: { color: 'Tomato', interval: '2' } });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
  expect(await linesOf(answer)).toEqual([
    { progress: { done: 0, of: 3 } },
    { progress: { done: 2, of: 3 } },
    { result: DONE },
  ]);
  expect(asked).toEqual([
    { scope: { region: 'eu' }, set: { color: '#ff6347', interval: 2 }, unset: [], includeNarrower: false },
  ]);
});

test('a region is cut and reconnected by its name, whatever it is', async () => {
  const browser = browserAt();
  await browser.signIn('operator');
  expect((await linesOf(await browser.link('a%2Fb', false))).at(-1)).toEqual({ result: DONE });
  expect(asked).toEqual([{ region: 'a/b', connected: false }]);
  expect(await codeOf(await browser.link('eu', 'no'))).toEqual([422, 'BAD_REQUEST']);
});

test('without the operator token nothing is changed: nobody, a viewer, another site, another name', async () => {
  const change = { scope: {}, set: { paused: true } };
  expect(await codeOf(await browserAt().change(change))).toEqual([401, 'TOKEN_MISSING']);
  const viewer = browserAt({ lock: accessLock(['operator', 'viewer']) });
  expect(await codeOf(await viewer.ask('GET', '/controls'))).toEqual([401, 'TOKEN_MISSING']);
  expect((await viewer.signIn('viewer')).status).toBe(303);
  expect(await viewer.view()).toMatchObject({ operator: false, signIn: true });
  expect(await codeOf(await viewer.change(change))).toEqual([401, 'TOKEN_MISSING']);
  expect(await codeOf(await viewer.change(change, { authorization: 'Bearer viewer' }))).toEqual([403, 'TOKEN_WRONG']);
  const operator = browserAt();
  await operator.signIn('operator');
  const origin = { origin: 'http://localhost:3000' };
  expect(await codeOf(await operator.change(change, origin))).toEqual([403, 'FOREIGN_ORIGIN']);
  expect(await codeOf(await operator.change(change, { host: 'evil.example' }))).toEqual([403, 'UNKNOWN_HOST']);
  // Its cookies are sent to every port of this host: they are not enough, and no answer has the key.
  expect(await codeOf(await operator.change(change, { 'x-session-key': '' }))).toEqual([401, 'TOKEN_MISSING']);
  const withCookies = await operator.ask('GET', '/controls', undefined, { 'x-session-key': '' });
  expect(await withCookies.json()).toMatchObject({ operator: false });
  expect(asked).toEqual([]);
});

test('signing out ends reading, too, where that needs a token', async () => {
  const browser = browserAt({ lock: accessLock(['operator', 'viewer']) });
  await browser.signIn('operator');
  expect(await browser.view()).toMatchObject({ operator: true });
  expect((await browser.ask('DELETE', '/session')).status).toBe(204);
  expect((await browser.ask('GET', '/controls')).status).toBe(401);
});

test('who signs in from the page itself gets the key as JSON', async () => {
  const browser = browserAt();
  const form = (token: string) => new URLSearchParams({ token });
  const accept = { accept: 'application/json' };
  const answer = await browser.ask('POST', '/session', form('operator'), accept);
  const { key } = (await answer.json()) as { key: string };
  const change = { scope: {}, set: { paused: true } };
  expect((await browser.change(change, { 'x-session-key': key })).status).toBe(200);
  expect((await browser.ask('POST', '/session', form('viewer'), accept)).status).toBe(403);
});

test('a puller without an operator token says that changes are switched off', async () => {
  const browser = browserAt({ operator: undefined });
  expect(await browser.view()).toMatchObject({ operator: false, signIn: false });
  expect(await codeOf(await browser.change({ scope: {}, set: {} }))).toEqual([403, 'NOT_ALLOWED']);
  expect((await browser.signIn('operator')).status).toBe(404);
});

test.each<[unknown, string]>([
  [{ scope: {}, set: { color: 'no colour' } }, 'set.color'],
  [{ scope: { region: 'eu', hostname: 'edge-eu-1' }, set: { paused: true } }, 'scope'],
  [{ scope: {}, unset: ['size'] }, 'unset.0'],
  [{ scope: {}, set: { size: 1 } }, 'set'],
  [{ set: { paused: true } }, 'scope'],
])('%j is refused, and the answer names the field', async (body, field) => {
  const browser = browserAt();
  await browser.signIn('operator');
  const answer = await browser.change(body);
  expect([answer.status, await answer.json()]).toMatchObject([
    422,
    { error: { code: 'BAD_REQUEST', message: expect.stringMatching(new RegExp(`^${field.replace('.', '\\.')}: `)) } },
  ]);
  expect(asked).toEqual([]);
});

test('a change of nothing is refused', async () => {
  const browser = browserAt();
  await browser.signIn('operator');
  expect(await codeOf(await browser.change({ scope: {} }))).toEqual([422, 'NOTHING_TO_CHANGE']);
});

test('a failure comes as the last line: with its code, or as a defect whose stack is logged only', async () => {
  const browser = browserAt();
  await browser.signIn('operator');
  operation = async (report) => {
    report({ done: 0, of: 1 });
    throw new AppError('NOT_CONVERGED', '0/1 sensors', { hint: 'Wait.', details: ['pending: edge-eu-1'] });
  };
  expect((await linesOf(await browser.change({ scope: {}, set: { paused: true } }))).slice(1)).toEqual([
    {
      error: {
        ...{ code: 'NOT_CONVERGED', message: '0/1 sensors', reason: '0/1 sensors', hint: 'Wait.' },
        details: ['pending: edge-eu-1'],
      },
    },
  ]);
  operation = async () => {
    throw new TypeError('broken');
  };
  const lines = await linesOf(await browser.change({ scope: {}, set: { paused: true } }));
  expect(lines).toMatchObject([{ error: { code: 'INTERNAL', message: 'broken' } }]);
  expect(JSON.stringify(lines)).not.toContain('.ts');
  expect(logged).toEqual([expect.stringContaining('control-routes.test.ts')]);
});

test('a puller that stops does not wait for what was begun', async () => {
  const browser = browserAt();
  await browser.signIn('operator');
  operation = () => new Promise(() => {});
  const answer = await browser.change({ scope: {}, set: { paused: true } });
  closed.abort();
  expect(await linesOf(answer)).toMatchObject([{ error: { code: 'STOPPING' } }]);
});

test('effective configuration and dead letters are read with the rights of every reading', async () => {
  const browser = browserAt();
  const json = async (path: string) => (await browser.ask('GET', path)).json();
  expect(await json('/fleet/config?region=eu&host=edge-eu-1')).toMatchObject({ convergence: CONVERGENCE });
  await json('/fleet/config');
  expect(asked).toEqual([
    { region: 'eu', hostname: 'edge-eu-1' },
    { region: undefined, hostname: undefined },
  ]);
  expect(await json('/fleet/dead-letters')).toMatchObject({ letters: [] });
  const locked = browserAt({ lock: accessLock(['viewer']) });
  for (const path of ['/fleet/config', '/fleet/dead-letters']) expect((await locked.ask('GET', path)).status).toBe(401);
});

test('a puller that knows no other service says so', async () => {
  const browser = browserAt({ controls: undefined });
  await browser.signIn('operator');
  expect(await browser.view()).toMatchObject({ operator: true, config: false, links: false });
  expect(await codeOf(await browser.ask('GET', '/fleet/config'))).toEqual([422, 'NOT_OFFERED']);
  expect(await codeOf(await browser.change({ scope: {}, set: { paused: true } }))).toEqual([422, 'NOT_OFFERED']);
  expect(await codeOf(await browser.link('eu', false))).toEqual([422, 'NOT_OFFERED']);
});
