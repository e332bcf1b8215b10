/**
 * What `up` leaves in `run.json` on every kind of network, and the order in which it starts and ends what it runs. The
 * supervisor is one that starts nothing, and `bacalhau` is a script that answers.
 */
import { EventEmitter } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ChildSpec, Supervisor } from '../../../lib/supervisor.js';
import { type Centre, planCentre } from '../../../network/centre.js';
import { factsOf } from '../../../network/compose/facts.js';
import type { ComposePlan } from '../../../network/compose/settled.js';
import { ControlClient } from '../../../network/control.js';
import { createEmbeddedRunner } from '../../../network/embedded/runner.js';
import { createNativeRunner } from '../../../network/native/runner.js';
import type { NetworkKind } from '../../../network/network.js';
import { openNetwork } from '../../../network/open.js';
import { createRemoteRunner } from '../../../network/remote/runner.js';
import { readRunState } from '../../../network/run-state.js';
import type { NetworkRunner, RunnerContext } from '../../../network/runner.js';
import { Stack } from '../../../network/stack.js';
import { normalize, toFailure, toJson } from './normalize.js';

const recorded = (name: string) => `../recorded/documents/runs/${name}`;

let folder: string;
let stateDir: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-runs-'));
  stateDir = join(folder, '.wasm-sensors');
  lines = [];
  // Nothing but our own stand-in is found.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  vi.stubEnv('PATH', bin);
  const node = JSON.stringify({
    Info: { NodeID: 'edge-eu-1', NodeType: 'Compute', Labels: { type: 'edge', region: 'eu' } },
    ConnectionState: { Status: 'CONNECTED' },
  });
  const script = [
    '#!/bin/sh',
    'case "$*" in',
    `  *version*) echo '{"clientVersion":{"GitVersion":"v1.9.3"},"GitVersion":"v1.9.3"}';;`,
    `  *node*) echo '[${node}]';;`,
    'esac',
    '',
  ];
  writeFileSync(join(bin, 'bacalhau'), script.join('\n'), { mode: 0o755 });
  for (const name of Object.keys(process.env)) if (/^(AWS_|BACALHAU_)/.test(name)) vi.stubEnv(name, undefined);
  vi.stubGlobal('fetch', async (url: string | URL | Request, init?: RequestInit) => {
    const { method = 'GET', body } = init ?? {};
    lines.push(`${method} ${String(url)} ${body === undefined ? '' : String(body)}`.trim());
    return Response.json({ status: 'noted' });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Notes what it is told to start and to stop. */
class NotingSupervisor extends EventEmitter {
  running: { name: string; pid: number; started: string }[] = [];
  async start({ name, args, env = {} }: ChildSpec): Promise<void> {
    lines.push(`start ${name}: ${args.filter((arg) => !arg.endsWith('wasm-sensors.js')).join(' ')}`);
    const given = Object.entries(env).filter(([, value]) => value !== undefined);
    lines.push(`  with ${given.map(([variable, value]) => `${variable}=${value}`).join(' ') || 'nothing'}`);
    this.running.push({ name, pid: 4243, started: '42' });
    this.emit('change');
  }
  async stop(names: string[]): Promise<void> {
    lines.push(`stop ${names.join(' ')}`);
    this.running = this.running.filter(({ name }) => !names.includes(name));
    this.emit('change');
  }
  close(): void {
    lines.push('nothing is started any more');
  }
}

const supervisorOf = () => new NotingSupervisor() as unknown as Supervisor;

function placeholders(): Parameters<typeof normalize>[1] {
  return [
    [folder, 'folder'],
    [/(?<=127\.0\.0\.1:)\d+/, 'port'],
    [/(?<=--port )\d+/, 'port'],
    [/(?<="port": )\d+/, 'port'],
    [/(?<="(began|by|since)": ?)\d{13}/, 'ms'],
    [new RegExp(`(?<="pid": )${process.pid}\\b`), 'pid'],
    [/(?<="name": "up",\s+"pid": <pid>,\s+"started": )"[^"]+"/, 'start'],
    [process.execPath, 'node'],
  ];
}

async function runOf(
  name: string,
  kind: NetworkKind,
  make: (supervisor: Supervisor, centre: Centre) => NetworkRunner,
  over: { tlsCa?: string; queue?: string; proxyArgs?: string[]; centre?: Centre } = {},
): Promise<void> {
  const supervisor = supervisorOf();
  const { tlsCa, queue, proxyArgs = [] } = over;
  const wish = (purpose: string) => ({ port: 0, explicit: false, purpose, flag: '--port' });
  const planned = await planCentre({
    ...{ supervisor, stateDir, host: '127.0.0.1', proxyArgs, pullerArgs: ['--sinks', 'store,alert'] },
    ports: { proxy: wish('proxy'), puller: wish('puller'), queue: wish('queue') },
    ...(queue === undefined ? {} : { queue }),
    env: { WASM_SENSORS_TOKEN: 'operator-token' },
    emit: () => {},
  });
  const centre = over.centre ?? planned;
  const runner = make(supervisor, centre);
  const file = join(stateDir, 'run.json');
  const starting: string[] = [];
  const stack = new Stack({
    ...{ stateDir, kind, token: 'operator-token', settings: { nodes: 1, network: kind }, supervisor, centre },
    ...(tlsCa === undefined ? {} : { tlsCa }),
    runner: {
      ...runner,
      start: async () => {
        starting.push(readFileSync(file, 'utf8'));
        return runner.start();
      },
    },
    onStop: () => lines.push('asked to end'),
  });
  try {
    await stack.start();
    const state = readRunState(stateDir)!;
    const text = readFileSync(file, 'utf8');
    expect(state).toEqual({ ...JSON.parse(text), alive: true });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const both = `${starting[0]}${text}`;
    expect(both).not.toMatch(/operator-token|sensor-token|api-secret/);
    await expect(normalize(both, placeholders())).toMatchFileSnapshot(recorded(`${name}.json`));

    const control = new ControlClient(state.control, 'operator-token');
    const network = await openNetwork(state, { token: 'operator-token', control, stateDir });
    lines.push(`opened: ${network.kind}, sensors of eu send to ${network.sensorProxyUrl('eu')}`);
    lines.push(`  their file: ${JSON.stringify(network.configFile?.('eu') ?? null)}`);
    lines.push(`files: ${listFiles(stateDir).join(' ')}`);
  } finally {
    lines.push('-- the end');
    await stack.stop();
  }
  lines.push(`files: ${listFiles(stateDir).join(' ')}`);
  expect(existsSync(file)).toBe(false);
  const text = normalize(`${lines.join('\n')}\n`, [...placeholders()!, [/(?<="(since|by)":)\d{13}/, 'ms']]);
  await expect(text).toMatchFileSnapshot(recorded(`${name}.txt`));
}

function listFiles(of: string): string[] {
  const all = readdirSync(of, { recursive: true, withFileTypes: true });
  const shown = all.filter((entry) => entry.isFile());
  return shown.map(({ parentPath, name }) => join(parentPath, name).slice(of.length + 1)).sort();
}

const context = (supervisor: Supervisor, centre: Centre, over: Partial<RunnerContext> = {}): RunnerContext => ({
  ...{ supervisor, stateDir, nodesPerRegion: 1, proxyUrl: centre.endpoints.proxy, token: 'operator-token' },
  ...{ sensorEnv: {}, emit: (event) => lines.push(JSON.stringify(event)) },
  ...over,
});

test('embedded', async () => {
  await runOf('embedded', 'embedded', (supervisor, centre) => createEmbeddedRunner(context(supervisor, centre)));
});

test('embedded, with a sensor token, https and another queue', async () => {
  await runOf(
    'embedded-with-everything',
    'embedded',
    (supervisor, centre) =>
      createEmbeddedRunner(
        context(supervisor, centre, {
          ...{ nodesPerRegion: 5000, sensorEnv: { SENSOR_TOKEN: 'sensor-token' }, tlsCa: '/work/ca.pem' },
        }),
      ),
    { tlsCa: '/work/ca.pem', queue: 'readings', proxyArgs: ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem'] },
  );
});

const ANY_PORTS = { api: 0, nats: 0, webUi: 0 };
const anyPorts = Object.fromEntries(Object.keys(ANY_PORTS).map((name) => [name, { port: 0, explicit: false }]));

test('native', async () => {
  await runOf('native', 'native', (supervisor, centre) =>
    createNativeRunner(context(supervisor, centre), { ports: anyPorts, configPaths: ['/work/*.yaml'] }),
  );
});

test('native, with a sensor token and two nodes a region', async () => {
  await runOf('native-with-token', 'native', (supervisor, centre) =>
    createNativeRunner(
      context(supervisor, centre, { nodesPerRegion: 2, sensorEnv: { SENSOR_TOKEN: 'sensor-token' } }),
      { ports: anyPorts, configPaths: ['/work/*.yaml'] },
    ),
  );
});

test('remote', async () => {
  await runOf('remote', 'remote', (supervisor, centre) =>
    createRemoteRunner(context(supervisor, centre), { api: { host: 'localhost', port: 1234 }, tokenInJob: false }),
  );
});

test('remote, with a token in the job, TLS and credentials', async () => {
  await runOf('remote-with-everything', 'remote', (supervisor, centre) =>
    createRemoteRunner(
      context(supervisor, centre, {
        ...{ sensorEnv: { SENSOR_TOKEN: 'sensor-token' }, proxyUrl: 'https://proxy.example.com' },
      }),
      {
        api: {
          ...{ host: '10.0.0.5', port: 443, tls: { caFile: '/work/api-ca.pem', insecure: true } },
          credentials: { username: 'me', password: 'api-secret' },
        },
        tokenInJob: true,
      },
    ),
  );
});

test('remote, with a proxy that its nodes can’t reach', async () => {
  const supervisor = supervisorOf();
  const runner = createRemoteRunner(
    { ...context(supervisor, { endpoints: { proxy: 'http://127.0.0.1:9090' } } as Centre) },
    { api: { host: '10.0.0.5', port: 1234 }, tokenInJob: false },
  );
  const failure = toFailure(await runner.start().catch((error) => error));
  await expect(toJson(failure)).toMatchFileSnapshot(recorded('remote-not-reachable.json'));
});

test('compose', async () => {
  const project = { name: 'bacalhau-edge', folder: join(stateDir, 'compose') };
  const plan = {
    project,
    context: { sensorEnv: { SENSOR_TOKEN: 'sensor-token' } },
    settings: { allowedHosts: ['proxy.example.com'], proxyArgs: [], pullerArgs: ['--pollers', '2'] },
    ports: {
      ...{ PROXY_PORT: 9090, PULLER_PORT: 9091, QUEUE_PORT: 9324, API_PORT: 1234, NATS_PORT: 4222, WEBUI_PORT: 8438 },
      ...{ PROXY_JOB_PORT: 8080, PULLER_JOB_PORT: 8081 },
    },
    image: 'ghcr.io/bacalhau-project/wasm-sensors:1.2.3',
    secrets: { SENSOR_TOKEN: 'sensor-token', WASM_SENSORS_TOKEN: 'operator-token', AWS_REGION: 'us-east-1' },
  } as unknown as ComposePlan;
  const facts = factsOf(plan, { backbone: '10.213.90', withServices: true });
  // The services are containers of the network itself.
  const centre: Centre = {
    endpoints: { proxy: 'http://127.0.0.1:9090', puller: 'http://127.0.0.1:9091', api: 'http://127.0.0.1:1234' },
    start: async () => {},
    movePuller: async () => '',
    stop: async () => {},
  };
  const runner: NetworkRunner = {
    start: async () => ({ network: {} as never, facts }),
    stop: async () => void lines.push('the runner ends'),
  };
  await runOf('compose', 'compose', () => runner, { centre });
});
