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
import { loadSettings } from '../../../config/load-settings.js';
import type { ChildSpec, Supervisor } from '../../../lib/process/supervisor.js';
import { connectionOf } from '../../../network/compose/compose-connection.js';
import type { ComposePlan } from '../../../network/compose/compose-plan.js';
import { planNative } from '../../../network/native/plan.js';
import type { NetworkPlan, NetworkProvider, PlanContext, Services } from '../../../network/provider.js';
import { loadProvider } from '../../../network/registry.js';
import { planRemote } from '../../../network/remote/remote-provider.js';
import { readRunState } from '../../../runtime/run-state.js';
import { planServices } from '../../../runtime/services.js';
import { Stack } from '../../../runtime/stack.js';
import { normalize, toFailure, toJson } from '../normalize.js';

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

function placeholders(): Parameters<typeof normalize>[1] {
  return [
    [folder, '<folder>'],
    [/(?<=127\.0\.0\.1:)\d+/, '<port>'],
    [/(?<=--port )\d+/, '<port>'],
    [/(?<="port": )\d+/, '<port>'],
    [/(?<="(began|by|since)": ?)\d{13}/, '<ms>'],
    [new RegExp(`(?<="pid": )${process.pid}\\b`), '<pid>'],
    [/(?<="name": "up",\s+"pid": <pid>,\s+"started": )"[^"]+"/, '<start>'],
    [process.execPath, '<node>'],
  ];
}

interface Run {
  /** Flags of `up`. */
  flags?: Parameters<typeof loadSettings>[0];
  context?: Partial<PlanContext>;
  /** In place of the provider's own plan. */
  plan?: (context: PlanContext) => NetworkPlan<never> | Promise<NetworkPlan<never>>;
  proxyUrl?: string;
}

async function runOf(name: string, kind: string, { flags, context: over, plan: own, proxyUrl }: Run = {}) {
  const supervisor = new NotingSupervisor() as unknown as Supervisor;
  const provider: NetworkProvider = await loadProvider(kind);
  const settings = loadSettings({ proxyPort: 0, pullerPort: 0, queuePort: 0, stateDir, ...flags }, '/nowhere');
  const context = contextOf(supervisor, over);
  const plan: NetworkPlan = own === undefined ? await provider.plan(settings, context) : await own(context);
  const services = plan.services ?? (await planServices(settings, { ...context, emit: () => {} }));
  const file = join(stateDir, 'run.json');
  const starting: string[] = [];
  const stack = new Stack({
    network: {
      provider,
      plan: {
        ...plan,
        start: (started) => {
          starting.push(readFileSync(file, 'utf8'));
          return plan.start(started);
        },
      },
      proxyUrl: proxyUrl ?? services.endpoints.proxy,
    },
    run: {
      ...{ stateDir, token: 'operator-token', settings: { nodes: 1, network: kind } },
      ...(over?.tlsCa === undefined ? {} : { tlsCa: over.tlsCa }),
    },
    ...{ services, supervisor, onStop: () => lines.push('asked to end') },
  });
  try {
    await stack.start();
    const state = readRunState(stateDir)!;
    const text = readFileSync(file, 'utf8');
    const { network, facts, ...same } = JSON.parse(text);
    expect(state).toEqual({ ...same, kind: network, connection: facts, alive: true });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const both = `${starting[0]}${text}`;
    expect(both).not.toMatch(/operator-token|sensor-token|api-secret/);
    await expect(normalize(both, placeholders())).toMatchFileSnapshot(recorded(`${name}.json`));

    const opened = provider.open(provider.connectionSchema.parse(state.connection), {
      ...{ stateDir, token: 'operator-token', setRegionLink: async () => {} },
    });
    lines.push(`opened: ${opened.kind}, sensors of eu send to ${opened.sensorProxyUrl('eu')}`);
    lines.push(`  their file: ${JSON.stringify(opened.configFile?.('eu') ?? null)}`);
    lines.push(`files: ${listFiles(stateDir).join(' ')}`);
  } finally {
    lines.push('-- the end');
    await stack.stop();
  }
  lines.push(`files: ${listFiles(stateDir).join(' ')}`);
  expect(existsSync(file)).toBe(false);
  const text = normalize(`${lines.join('\n')}\n`, [...placeholders()!, [/(?<="(since|by)":)\d{13}/, '<ms>']]);
  await expect(text).toMatchFileSnapshot(recorded(`${name}.txt`));
}

function listFiles(of: string): string[] {
  const all = readdirSync(of, { recursive: true, withFileTypes: true });
  const shown = all.filter((entry) => entry.isFile());
  return shown.map(({ parentPath, name }) => join(parentPath, name).slice(of.length + 1)).sort();
}

const contextOf = (supervisor: Supervisor, over: Partial<PlanContext> = {}): PlanContext => ({
  ...{ supervisor, stateDir, nodesPerRegion: 1, token: 'operator-token', sensorEnv: {}, registry: false },
  emit: (event) => lines.push(JSON.stringify(event)),
  ...over,
});

test('embedded', async () => {
  await runOf('embedded', 'embedded');
});

test('embedded, with a sensor token, https and another queue', async () => {
  await runOf('embedded-with-everything', 'embedded', {
    flags: { queue: 'readings', tlsCert: 'cert.pem', tlsKey: 'key.pem' },
    context: { nodesPerRegion: 5000, sensorEnv: { SENSOR_TOKEN: 'sensor-token' }, tlsCa: '/work/ca.pem' },
  });
});

const anyPort = { port: 0, explicit: false, purpose: 'any', flag: '--port' };
const native = {
  plan: (context: PlanContext) =>
    planNative(context, {
      ...{ ports: { api: anyPort, nats: anyPort, webUi: anyPort }, configPaths: ['/work/*.yaml'] },
    }) as NetworkPlan<never>,
};

test('native', async () => {
  await runOf('native', 'native', native);
});

test('native, with a sensor token and two nodes a region', async () => {
  await runOf('native-with-token', 'native', {
    ...native,
    context: { nodesPerRegion: 2, sensorEnv: { SENSOR_TOKEN: 'sensor-token' } },
  });
});

test('remote', async () => {
  await runOf('remote', 'remote', { flags: { apiHost: 'localhost', apiPort: 1234 } });
});

test('remote, with a token in the job, TLS and credentials', async () => {
  await runOf('remote-with-everything', 'remote', {
    context: { sensorEnv: { SENSOR_TOKEN: 'sensor-token' } },
    proxyUrl: 'https://proxy.example.com',
    plan: (context) =>
      planRemote(context, {
        api: {
          ...{ host: '10.0.0.5', port: 443, tls: { caFile: '/work/api-ca.pem', insecure: true } },
          credentials: { username: 'me', password: 'api-secret' },
        },
        tokenInJob: true,
      }) as NetworkPlan<never>,
  });
});

test('remote, with a proxy that its nodes can’t reach', async () => {
  const plan = planRemote(
    { stateDir, sensorEnv: {}, emit: () => {} },
    { api: { host: '10.0.0.5', port: 1234 }, tokenInJob: false },
  );
  const failure = toFailure(await plan.start({ proxyUrl: 'http://127.0.0.1:9090' }).catch((error) => error));
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
  const connection = connectionOf(plan, { backbone: '10.213.90', withServices: true });
  // The services are containers of the network itself.
  const services: Services = {
    endpoints: { proxy: 'http://127.0.0.1:9090', puller: 'http://127.0.0.1:9091', api: 'http://127.0.0.1:1234' },
    start: async () => {},
    movePuller: async () => '',
    stop: async () => {},
  };
  await runOf('compose', 'compose', {
    plan: () => ({
      ...{ services, start: async () => ({ connection: connection as never }) },
      stop: async () => void lines.push('the runner ends'),
    }),
  });
});
