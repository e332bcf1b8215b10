/** The embedded network: the child that `up` starts, and the calls that other terminals make to it. */
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Resolved } from '../../config/resolve-settings.js';
import type { ConfigUpdaterJob, PublisherJob, ServiceJob } from '../../jobs/job-request.js';
import type { ChildSpec, Supervisor } from '../../lib/process/supervisor.js';
import { relayTokenOf } from '../../protocol/sensor-token.js';
import type { NetworkEvent, PlanContext } from '../provider.js';
import { embeddedProvider } from './embedded-provider.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'embedded-'));
});
afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(stateDir, { recursive: true });
});

async function plan(over: Partial<PlanContext> = {}) {
  const children: ChildSpec[] = [];
  const stopped: string[][] = [];
  const events: NetworkEvent[] = [];
  const supervisor = Object.assign(new EventEmitter(), {
    start: async (spec: ChildSpec) => void children.push(spec),
    stop: async (names: string[]) => void stopped.push(names),
  }) as unknown as Supervisor;
  const context: PlanContext = {
    ...{ supervisor, stateDir, nodesPerRegion: 2, token: 't', sensorEnv: { SENSOR_TOKEN: 's' }, registry: false },
    relays: false,
    emit: (event) => events.push(event),
    ...over,
  };
  return { plan: await embeddedProvider.plan({} as Resolved, context), children, stopped, events, supervisor };
}

test('its one child is the sensor host; the connection says where it is', async () => {
  const { plan: planned, children, stopped } = await plan({ tlsCa: '/ca.pem' });
  const { connection } = await planned.start({ proxyUrl: 'https://p' });
  expect(connection).toEqual({
    host: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    proxyUrl: 'https://p',
    relayUrls: {},
    stateDir,
  });
  const [{ name, args, env } = {} as ChildSpec] = children;
  const port = new URL(connection.host).port;
  const jobs = join(stateDir, 'embedded-jobs.json');
  expect([name, args.slice(args.indexOf('sensors'))]).toEqual([
    'sensors',
    ['sensors', 'serve', '--port', port, '--nodes', '2', '--jobs', jobs, '--tls-ca', '/ca.pem'],
  ]);
  expect(env).toEqual({ SENSOR_TOKEN: 's', WASM_SENSORS_TOKEN: 't' });
  expect(embeddedProvider.connectionSchema.parse(JSON.parse(JSON.stringify(connection)))).toEqual(connection);
  await planned.stop();
  expect(stopped).toEqual([['sensors']]);
});

/** What the sensor host is told of regions. */
function hostHears(): [path: string, body: unknown][] {
  const told: [string, unknown][] = [];
  vi.stubGlobal('fetch', async (url: string, { body }: RequestInit) => {
    told.push([new URL(url).pathname, JSON.parse(String(body))]);
    return Response.json({});
  });
  return told;
}

test('with relays: each region has one behind a link of its own, which is cut and not the way to the relay', async () => {
  const proxy = createServer((socket) => void socket.end('here')).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const told = hostHears();
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const given = { relays: true, sensorKey: 'k'.repeat(32), viewerToken: 'viewer' };
  const { plan: planned, children, stopped } = await plan(given);
  const { connection } = await planned.start({ proxyUrl });
  const relay = children.find(({ name }) => name === 'relay-eu')!;
  const argument = (flag: string) => relay.args[relay.args.indexOf(flag) + 1]!;
  expect([argument('--region'), argument('--state-dir')]).toEqual(['eu', stateDir]);
  expect(connection.relayUrls.eu).toBe(`http://127.0.0.1:${argument('--port')}`);
  expect(relay.env).toMatchObject({ WASM_SENSORS_RELAY_TOKEN: relayTokenOf('k'.repeat(32), 'eu') });
  expect(relay.env).not.toHaveProperty('WASM_SENSORS_TOKEN');
  // Where reading the proxy needs it on loopback, too.
  expect(relay.env).toMatchObject({ WASM_SENSORS_VIEWER_TOKEN: 'viewer' });
  // It is on loopback and without TLS, also where the proxy is not. Its own folder may be deleted.
  expect([argument('--host'), relay.cwd]).toEqual(['127.0.0.1', stateDir]);
  expect(relay.env).toMatchObject({ WASM_SENSORS_TLS_CERT: undefined, WASM_SENSORS_TLS_KEY: undefined });
  const reaches = async () => {
    const socket = connect(Number(new URL(argument('--upstream')).port), '127.0.0.1').on('error', () => {});
    return once(socket, 'data').then(
      () => true,
      () => false,
    );
  };
  expect(await reaches()).toBe(true);
  await planned.setRegionLink!('eu', false);
  expect(await reaches()).toBe(false);
  await planned.setRegionLink!('eu', true);
  expect(await reaches()).toBe(true);
  const onSite = connection.relayUrls.eu!.replace('http://', '');
  expect(told).toEqual([
    ['/regions/eu', { connected: false, onSite }],
    ['/regions/eu', { connected: true, onSite }],
  ]);
  await planned.stop();
  expect(stopped).toEqual([['sensors'], ['relay-us', 'relay-eu', 'relay-as']]);
  proxy.close();
});

test('a host that was restarted is told again which regions are cut', async () => {
  const told = hostHears();
  const { plan: planned, supervisor } = await plan();
  await planned.start({ proxyUrl: 'http://p' });
  for (const region of ['eu', 'us']) await planned.setRegionLink!(region, false);
  await planned.setRegionLink!('us', true);
  told.length = 0;
  supervisor.emit('event', { type: 'child.restarted', name: 'proxy', pid: 1 });
  supervisor.emit('event', { type: 'child.restarted', name: 'sensors', pid: 2 });
  expect(told).toEqual([['/regions/eu', { connected: false }]]);
});

test('sensors send to the relay of their region; config-updaters to the proxy', () => {
  const { network } = open({}, { eu: 'http://127.0.0.1:9192' });
  expect([network.sensorProxyUrl('eu'), network.sensorProxyUrl('us')]).toEqual(['http://127.0.0.1:9192', 'http://p']);
  expect(network.proxyUrlOf!('eu')).toBe('http://p');
});

/** The network as another terminal opens it; `answers`: of the host, by method and path. */
function open(answers: Record<string, [status: number, body: unknown]>, relayUrls: Record<string, string> = {}) {
  const calls: { call: string; token: string; body: unknown }[] = [];
  vi.stubGlobal('fetch', async (url: string, { method, headers, body }: RequestInit) => {
    const call = `${method} ${url.replace('http://host', '')}`;
    const { authorization } = headers as Record<string, string>;
    calls.push({ call, token: authorization!, body: body === undefined ? undefined : JSON.parse(String(body)) });
    const answer = answers[call];
    if (!answer) throw new TypeError('fetch failed');
    return Response.json(answer[1], { status: answer[0] });
  });
  const context = { stateDir, token: 't', setRegionLink: () => Promise.reject(new Error('not through `up`')) };
  return {
    network: embeddedProvider.open({ host: 'http://host', proxyUrl: 'http://p', relayUrls, stateDir }, context),
    calls,
  };
}

const publisher: PublisherJob = {
  ...{ role: 'publisher', region: 'eu', proxyUrl: 'http://p', config: { interval: 2 }, submissionTime: 5 },
};
const submitted = { jobId: 'j', version: 1, unchanged: true };

test('a publisher goes to the host with its flags and its file', async () => {
  const { network, calls } = open({ 'PUT /jobs/publisher-eu': [200, submitted] });
  const result = await network.submit({ ...publisher, configFile: '/f.yaml', allow: ['127.0.0.1:8000'] });
  expect(result).toEqual({ jobId: 'j', jobName: 'publisher-eu', unchanged: true, facts: [] });
  expect(calls).toEqual([
    {
      call: 'PUT /jobs/publisher-eu',
      token: 'Bearer t',
      body: expect.objectContaining({
        ...{ region: 'eu', module: 'publisher', type: 'daemon' },
        mounts: [{ target: expect.any(String), source: '/f.yaml' }],
        args: expect.arrayContaining(['--proxy=http://p', '--interval=2', '--submission-time=5']),
        allow: ['p:80', '127.0.0.1:8000'],
      }),
    },
  ]);
});

test.each([
  [{}, ['--proxy', 'http://p', '--color=x'], []],
  [
    { configFile: '/f' },
    [expect.stringMatching(/^--file=\//), '--color=x'],
    [expect.objectContaining({ writable: true })],
  ],
])('a config-updater with %j', async (over, args, mounts) => {
  const { network, calls } = open({ 'PUT /jobs/config-updater-us': [200, submitted] });
  const job: ConfigUpdaterJob = {
    ...{ role: 'config-updater', region: 'us', proxyUrl: 'http://p', parameters: ['--color=x'], submissionTime: 1 },
  };
  await network.submit({ ...job, ...over });
  expect(calls[0]!.body).toMatchObject({ module: 'config-updater', type: 'batch', args, mounts, allow: ['p:80'] });
});

test('a service job is not offered', async () => {
  const { network, calls } = open({});
  await expect(network.submit({ role: 'proxy' } as ServiceJob)).rejects.toMatchObject({ code: 'NOT_OFFERED' });
  expect(calls).toEqual([]);
});

test.each([
  [
    422,
    { code: 'NO_SUCH_REGION', reason: 'no mars', hint: 'us' },
    { code: 'NO_SUCH_REGION', fault: 'user', hint: 'us' },
  ],
  [500, { code: 'INTERNAL', message: 'bug' }, { code: 'INTERNAL', fault: 'system', message: 'bug', hint: undefined }],
])('a refusal with %d arrives as it was', async (status, error, expected) => {
  const { network } = open({ 'GET /nodes': [status, { error }] });
  await expect(network.nodes()).rejects.toMatchObject(expected);
});

test('a host that does not answer is named', async () => {
  await expect(open({}).network.jobs()).rejects.toMatchObject({ code: 'HOST_GONE', fault: 'system' });
});
