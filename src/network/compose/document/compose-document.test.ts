/** The compose file as it is rendered, and as compose understands it where there is one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildWasm } from '../../../modules/build-modules.js';
import { MODULES_DIR } from '../../../modules/module-files.js';
import { openEnvironment } from '../compose-env.js';
import { GRANTS } from '../engine/nested-docker.js';
import { type ComposeOptions, composeDocument } from './compose-document.js';
import { writeExtras, writeNetworkFiles } from './network-folder.js';

const OPTIONS: ComposeOptions = {
  nodesPerRegion: 1,
  dockerInside: 'privileged',
  embeddedQueue: true,
  heading: ['Made by a test.'],
};
interface Service {
  image?: string;
  user?: string;
  read_only?: boolean;
  privileged?: boolean;
  hostname?: string;
  ports?: string[];
  command?: string[];
  networks?: string[];
  environment?: Record<string, string>;
  deploy?: unknown;
  healthcheck?: unknown;
  labels?: Record<string, string>;
}
const render = (options: Partial<ComposeOptions> = {}): Record<string, Service> =>
  parse(composeDocument({ ...OPTIONS, ...options }), { merge: true }).services;

test('comments and anchors survive, and the file says how it was made', () => {
  const text = composeDocument(OPTIONS);
  expect(text.split('\n')[0]).toBe('# Made by a test.');
  expect(text).toContain('# A region that is cut for less than this keeps its executions.');
  expect(text).toContain('<<: *bacalhau');
});

test('the services and names of the seed', () => {
  const document = parse(composeDocument(OPTIONS), { merge: true });
  expect(document.name).toBe('bacalhau-edge');
  expect(Object.keys(document.services)).toEqual(
    expect.arrayContaining(['orchestrator', 'edge-us-1', 'web-services', 'sqs-proxy', 'sqs-puller', 'client', 'queue']),
  );
});

test('N nodes a region, each with its own name, label and network', () => {
  const services = render({ nodesPerRegion: 3 });
  const edges = Object.entries(services).filter(([name]) => name.startsWith('edge-'));
  expect(edges).toHaveLength(9);
  for (const [name, service] of edges) {
    const region = name.split('-')[1];
    expect(service.hostname).toBe(name);
    expect(service.command).toEqual(
      expect.arrayContaining([`--name=${name}`, `--config=Labels=region=${region},type=edge`]),
    );
    expect(service.networks).toEqual([`region-${region}`]);
    expect(service.environment).toMatchObject({ REGION: region });
  }
});

test('limits and health checks everywhere, root nowhere but for Docker inside, ports on loopback only', () => {
  for (const [name, service] of Object.entries(render({ nodesPerRegion: 2 }))) {
    expect(service.deploy, name).toBeDefined();
    if (name !== 'client') expect(service.healthcheck, name).toBeDefined();
    for (const port of service.ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:/);
    if (['web-services', 'registry'].includes(name)) continue;
    expect(service.user ?? (service.read_only && 'node'), name).toBeTruthy();
  }
});

test('without privileged: capabilities, and the real control groups only where they are of version 1', () => {
  const services = render({ dockerInside: GRANTS[1] });
  expect(services['web-services']).toMatchObject({ cap_add: ['SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE'], cgroup: 'host' });
  expect(services['web-services']).not.toHaveProperty('privileged');
  expect(render({ dockerInside: GRANTS[2] })['web-services']).not.toHaveProperty('cgroup');
  expect(render({ dockerInside: 'none' })).not.toHaveProperty('web-services');
});

test('with another queue there is no embedded one, and nothing waits for it', () => {
  const services = render({ embeddedQueue: false, proxyArgs: ['--rate-limit', '5'] });
  expect(services).not.toHaveProperty('queue');
  expect(services['sqs-proxy']).not.toHaveProperty('depends_on');
  expect(services['sqs-proxy']!.command!.slice(-2)).toEqual(['--rate-limit', '5']);
});

test('containers, networks and data say whose they are', () => {
  const document = parse(composeDocument({ ...OPTIONS, owner: '/some/where' }), { merge: true });
  for (const part of ['services', 'networks', 'volumes']) {
    for (const [name, value] of Object.entries<Service>(document[part])) {
      expect(value.labels, `${part}: ${name}`).toEqual({ 'wasm-sensors.state-dir': '/some/where' });
    }
  }
});

test('a $ in what the operator gave is no variable to compose', () => {
  const services = render({ owner: '/some/$HOME', proxyArgs: ['--queue', 'a$b'] });
  expect(services['sqs-proxy']!.labels).toEqual({ 'wasm-sensors.state-dir': '/some/$$HOME' });
  expect(services['sqs-proxy']!.command!.at(-1)).toBe('a$$b');
});

describe('.env', () => {
  const folder = mkdtempSync(join(tmpdir(), 'env-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, '.env');

  test('is made from its template, readable by its owner only, and never overwritten', () => {
    expect(openEnvironment(folder).made).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileSync(path, 'BACALHAU_VERSION=v1.8.0\nPROXY_PORT=\n');
    const environment = openEnvironment(folder);
    expect([environment.made, environment.get('BACALHAU_VERSION'), environment.get('PROXY_PORT')]).toEqual([
      undefined,
      'v1.8.0',
      undefined,
    ]);
    expect(readFileSync(path, 'utf8')).toBe('BACALHAU_VERSION=v1.8.0\nPROXY_PORT=\n');
  });

  test.each(['your-access-key', '<secret>', 'changeme', 'AKIAIOSFODNN7EXAMPLE', 'xxxx'])(
    'a placeholder (%s) is refused by the name of its variable, without its value',
    (value) => {
      writeFileSync(path, `AWS_ACCESS_KEY_ID=${value}\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI\n`);
      expect(() => openEnvironment(folder)).toThrow(/AWS_ACCESS_KEY_ID still has its placeholder$/);
    },
  );

  test('every variable of the compose file is explained in the template', () => {
    const template = readFileSync(new URL('../../../../templates/env.template', import.meta.url), 'utf8');
    const used = new Set(composeDocument(OPTIONS).match(/(?<=[^$]\$\{)[A-Z_]+/g));
    used.delete('COMPOSE_PROJECT_NAME');
    for (const name of used) expect(template, name).toMatch(new RegExp(`^# .*\\n(.*\\n)?${name}=$`, 'm'));
  });
});

function hasCompose(): boolean {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('docker compose config', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compose-'));
  const compose = hasCompose();
  beforeAll(() => buildWasm({ outDir: MODULES_DIR }));
  beforeEach((context) => {
    if (!compose) context.skip('no docker compose');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each<Partial<ComposeOptions>>([
    {},
    { nodesPerRegion: 4 },
    { dockerInside: GRANTS[1] },
    { dockerInside: 'none', embeddedQueue: false },
  ])('accepts what is rendered with %j', async (options) => {
    const files = await writeNetworkFiles(folder, { ...OPTIONS, ...options });
    expect(files).toEqual(expect.arrayContaining(['compose.yaml', 'nodes/edge.yaml', 'jobs/publisher.yaml']));
    expect(
      execFileSync('docker', ['compose', '-f', `${folder}/compose.yaml`, 'config', '-q'], { encoding: 'utf8' }),
    ).toBe('');
  });

  test('accepts the template itself', () => {
    const template = new URL('../../../../templates/compose.yaml', import.meta.url).pathname;
    expect(execFileSync('docker', ['compose', '-f', template, 'config', '-q'], { encoding: 'utf8' })).toBe('');
  });

  test('the rest of the folder: Dockerfile, .env.template, and jobs for any cluster', async () => {
    const jobs = ['publisher', 'config-updater', 'proxy', 'puller'].map((name) => `cluster-jobs/${name}.yaml`);
    expect(await writeExtras(folder)).toEqual(['.env.template', 'image/Dockerfile', ...jobs]);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['.env.template', 'image', 'cluster-jobs']));
    expect(readdirSync(join(folder, 'image'))).toEqual(expect.arrayContaining(['Dockerfile', 'dist', 'package.json']));
  });
});
