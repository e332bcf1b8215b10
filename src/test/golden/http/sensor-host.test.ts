/** The sensor host's HTTP interface: nodes, jobs and links, over a host that runs no module. */
import { expect, test } from 'vitest';
import { AppError } from '../../../lib/errors/app-error.js';
import { createCluster } from '../../../sensor-host/cluster.js';
import { ForeignHost } from '../../../sensor-host/foreign/foreign-host.js';
import type { SensorModule } from '../../../sensor-host/guest/sensor-module.js';
import { createSensorHostApp } from '../../../sensor-host/host-routes.js';
import type { GuestSpec, SensorHost } from '../../../sensor-host/sensor-host.js';
import { HttpTranscript, numberIds } from './http-transcript.js';

const recorded = (name: string) => `../recorded/http/sensor-host/${name}.http`;

const TOKEN = 'control-secret';
const control = { authorization: `Bearer ${TOKEN}` };

type End = Parameters<NonNullable<Parameters<SensorHost['start']>[2]>>[0];

/** Counts what would run, and lets a test end it. */
class FakeHost implements SensorHost {
  readonly started: GuestSpec[] = [];
  readonly ends: ((end: End, lastLine: string) => void)[] = [];
  fails: Error | undefined;
  readonly #cut = new Set<string>();
  #running = 0;

  start: SensorHost['start'] = (_, spec, onExit) => {
    if (this.fails) throw this.fails;
    this.started.push(spec);
    this.#running++;
    let end: End | undefined;
    const finish = (how: End, lastLine: string) => {
      if (end) return;
      end = how;
      this.#running--;
      onExit?.(how, lastLine);
    };
    this.ends.push(finish);
    return {
      get exit() {
        return end;
      },
      lastLines: [],
      stop: () => finish({ kind: 'stopped' }, ''),
    };
  };
  setLink: SensorHost['setLink'] = (region, connected) => {
    if (connected) this.#cut.delete(region);
    else this.#cut.add(region);
  };
  isConnected: SensorHost['isConnected'] = (region) => !this.#cut.has(region);
  stats: SensorHost['stats'] = () => ({ running: this.#running, requests: 12, results: { us: { '2xx': 11 } } });
  reclaim: SensorHost['reclaim'] = async () => {};
  close: SensorHost['close'] = async () => {};
}

const NODES = [
  { name: 'edge-us-1', region: 'us', type: 'edge' },
  { name: 'edge-us-2', region: 'us', type: 'edge' },
  { name: 'edge-eu-1', region: 'eu', type: 'edge' },
  { name: 'central', region: 'hub', type: 'central' },
];

function start(title: string) {
  const host = new FakeHost();
  const world = { module: undefined as Error | undefined };
  const cluster = createCluster({
    host,
    foreign: new ForeignHost(),
    modulePath: (sha256) => sha256,
    nodes: NODES,
    loadModule: async () => {
      if (world.module) throw world.module;
      return {} as SensorModule;
    },
    moduleEnv: () => ({ SENSOR_TOKEN: 'sensor-secret' }),
  });
  const transcript = new HttpTranscript(
    title,
    createSensorHostApp(cluster, { token: TOKEN, log: () => {} }),
    normalize,
  );
  const call = (title: string, method: string, path: string, body?: unknown, headers: object = control) =>
    transcript.call(title, method, path, { headers: headers as Record<string, string>, body });
  return { host, world, transcript, call };
}

/** Ids are made at random; memory and times are those of the process. */
const normalize = (text: string) =>
  numberIds(text).replace(/"(memoryBytes|cpuMs|uptimeMs)":(\s?)\d+/g, (_, name, space) => `"${name}":${space}<number>`);

const publisher = (over: object = {}) => ({
  region: 'us',
  module: 'publisher',
  type: 'daemon',
  args: ['--proxy', 'http://127.0.0.1:9090'],
  ...over,
});

test('who may', async () => {
  const { call, transcript } = start('The sensor host: who may');
  for (const path of ['/health', '/ready', '/nodes', '/jobs', '/stats', '/nothing']) {
    await call(`${path} without a token`, 'GET', path, undefined, {});
  }
  await call('a wrong token', 'GET', '/nodes', undefined, { authorization: 'Bearer other' });
  await call('another scheme', 'GET', '/nodes', undefined, { authorization: `Basic ${TOKEN}` });
  await call('a job', 'PUT', '/jobs/publisher-us', publisher(), {});
  await call('a link', 'PUT', '/regions/us', { connected: false }, {});
  await call('any Host will do, with the token', 'GET', '/jobs', undefined, { ...control, host: 'evil.test' });
  await expect(transcript.text).toMatchFileSnapshot(recorded('token'));
});

test('jobs', async () => {
  const { call, transcript, host } = start('Jobs of the sensor host');
  await call('nothing runs', 'GET', '/jobs');
  await call('the nodes', 'GET', '/nodes');
  await call('statistics', 'GET', '/stats');
  await call('a daemon of a region', 'PUT', '/jobs/publisher-us', publisher());
  transcript.value('started:', host.started);
  await call('the same again', 'PUT', '/jobs/publisher-us', publisher());
  await call('another submission', 'PUT', '/jobs/publisher-us', publisher({ args: ['--color', '#00ff88'] }));
  await call('a job for all regions', 'PUT', '/jobs/all', publisher({ region: '', type: 'ops' }));
  await call('a job for one node', 'PUT', '/jobs/once', publisher({ type: 'batch', module: 'config-updater' }));
  await call('with environment and mounts', 'PUT', '/jobs/mounted', {
    ...publisher({ region: 'eu' }),
    env: { SENSOR_TOKEN: 'another', A: 'b' },
    mounts: [{ target: '/config', source: '/srv/config', writable: true }],
  });
  transcript.value('started for eu:', host.started.at(-1));
  await call('all jobs', 'GET', '/jobs');
  await call('statistics', 'GET', '/stats');
  await call('one is stopped', 'DELETE', '/jobs/publisher-us');
  await call('twice', 'DELETE', '/jobs/publisher-us');
  await call('one that is not there', 'DELETE', '/jobs/nothing');
  await call('all jobs afterwards', 'GET', '/jobs');
  await call('it is submitted again', 'PUT', '/jobs/publisher-us', publisher());
  await expect(transcript.text).toMatchFileSnapshot(recorded('jobs'));
});

test('links', async () => {
  const { call, transcript } = start('Links of regions of the sensor host');
  await call('a region is cut', 'PUT', '/regions/us', { connected: false });
  await call('the nodes', 'GET', '/nodes');
  await call('and connected again', 'PUT', '/regions/us', { connected: true });
  await call('the nodes', 'GET', '/nodes');
  await call('a region that is not there', 'PUT', '/regions/mars', { connected: false });
  await expect(transcript.text).toMatchFileSnapshot(recorded('links'));
});

test('what is refused', async () => {
  const { call, transcript } = start('What the sensor host refuses');
  const job = (title: string, body: unknown, name = 'x') => call(title, 'PUT', `/jobs/${name}`, body);
  await job('no body', undefined);
  await job('no JSON', 'no');
  await job('a list', []);
  await job('nothing', {});
  await job('no module', { ...publisher(), module: undefined });
  await job('a module that is not there', publisher({ module: 'proxy' }));
  await job('a type that is not there', publisher({ type: 'service' }));
  await job('no region', { ...publisher(), region: undefined });
  await job('arguments that are no texts', publisher({ args: [1] }));
  await job('an environment of numbers', publisher({ env: { A: 1 } }));
  await job('a mount without a slash', publisher({ mounts: [{ target: 'config', source: '/srv' }] }));
  await job('a mount of nothing', publisher({ mounts: [{ target: '/config', source: '' }] }));
  await job('an unknown member', publisher({ more: 1 }));
  await job('a name in the body', publisher({ name: 'x' }));
  await job('a name with a blank', publisher(), 'a%20b');
  await job('a name of 101 letters', publisher(), 'x'.repeat(101));
  await job('a region that is not there', publisher({ region: 'mars' }));
  await job('a region without edge nodes', publisher({ region: 'hub' }));
  const link = (title: string, body: unknown) => call(title, 'PUT', '/regions/us', body);
  await link('a link: no body', undefined);
  await link('a link: nothing', {});
  await link('a link: no boolean', { connected: 'no' });
  await link('a link: an unknown member', { connected: true, more: 1 });
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/jobs/x'],
    ['POST', '/jobs/x'],
    ['PUT', '/jobs'],
    ['GET', '/regions/us'],
    ['POST', '/health'],
  ] as const) {
    await call(`${method} ${path}`, method, path);
  }
  await call('nothing was begun', 'GET', '/jobs');
  await expect(transcript.text).toMatchFileSnapshot(recorded('refused'));
});

test('what fails', async () => {
  const { call, transcript, host, world } = start('What fails in the sensor host');
  world.module = new AppError('MODULE_NOT_BUILT', 'publisher.wasm is not built', { hint: 'Run `build wasm`.' });
  await call('a module that is not built', 'PUT', '/jobs/publisher-us', publisher());
  world.module = new Error('CompileError: expected magic word');
  await call('a module that is none', 'PUT', '/jobs/publisher-us', publisher());
  await call('no job was made', 'GET', '/jobs');
  world.module = undefined;
  host.fails = new AppError('HOST_FULL', 'this process can not hold another sensor');
  await call('a host that is full', 'PUT', '/jobs/publisher-us', publisher());
  await call('the job shows it', 'GET', '/jobs');
  await expect(transcript.text).toMatchFileSnapshot(recorded('failures'));
});

test('how executions end', async () => {
  const { call, transcript, host } = start('How the ends of executions show');
  const ends: [string, End, string][] = [
    ['returned', { kind: 'returned' }, 'the last line'],
    ['exit-0', { kind: 'exit', code: 0 }, 'done'],
    ['exit-3', { kind: 'exit', code: 3 }, 'a newer submission runs'],
    ['trap', { kind: 'trap', message: 'unreachable' }, ''],
    ['trap-with-line', { kind: 'trap', message: 'unreachable' }, 'out of memory'],
  ];
  for (const [name, end, line] of ends) {
    await call(name, 'PUT', `/jobs/${name}`, publisher({ region: 'eu', type: 'batch' }));
    host.ends.at(-1)!(end, line);
  }
  await call('one of two runs on', 'PUT', '/jobs/half', publisher());
  host.ends.at(-1)!({ kind: 'exit', code: 0 }, 'done');
  await call('all of them', 'GET', '/jobs');
  await call('what has ended can not be stopped', 'DELETE', '/jobs/trap');
  await call('it shows as stopped all the same', 'GET', '/jobs');
  await call(
    'the same submission of what has ended runs anew',
    'PUT',
    '/jobs/exit-0',
    publisher({ region: 'eu', type: 'batch' }),
  );
  await expect(transcript.text).toMatchFileSnapshot(recorded('ends'));
});
