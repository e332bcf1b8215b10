/** The compose file as it is rendered. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { REGIONS } from '../../network.js';
import { GRANTS } from '../engine/nested-docker.js';
import { type ComposeOptions, composeDocument } from './compose-document.js';

const OPTIONS: ComposeOptions = {
  nodesPerRegion: 1,
  dockerInside: 'privileged',
  embeddedQueue: true,
  relays: false,
  postgres: false,
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
  healthcheck?: { test: string[] };
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
    // Each check starts it anew: a Node for each of them, every few seconds, took half a processor.
    expect(service.healthcheck?.test ?? [], name).not.toContain('node');
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
  const without = parse(composeDocument({ ...OPTIONS, dockerInside: 'none' }), { merge: true });
  expect(without.services).not.toHaveProperty('web-services');
  expect(without.volumes).not.toHaveProperty('web-services-docker');
});

test('with another queue there is no embedded one, and nothing waits for it', () => {
  const args = {
    'sqs-proxy': ['--rate-limit', '5'],
    'sqs-puller': ['--pollers', '2'],
    queue: ['--log-level', 'debug'],
    relay: [],
  };
  const options = { embeddedQueue: false, args };
  const { services, volumes } = parse(composeDocument({ ...OPTIONS, ...options }), { merge: true });
  expect(services).not.toHaveProperty('queue');
  expect(volumes).not.toHaveProperty('queue-data');
  for (const name of ['sqs-proxy', 'sqs-puller']) expect(services[name], name).not.toHaveProperty('depends_on');
  expect(services['sqs-puller'].command.slice(-2)).toEqual(['--pollers', '2']);
  expect(services['sqs-proxy'].command.slice(-2)).toEqual(['--rate-limit', '5']);
});

test('a relay in each region, on its network alone, with data of its own; none without them', () => {
  const { services, volumes } = parse(composeDocument({ ...OPTIONS, relays: true }), { merge: true });
  for (const region of REGIONS) {
    const relay = services[`relay-${region}`];
    expect(relay.command).toEqual(expect.arrayContaining([`--region=${region}`, '--upstream=http://sqs-proxy:9090']));
    expect(relay).toMatchObject({
      networks: { [`region-${region}`]: { aliases: ['relay'] } },
      volumes: [`relay-${region}-data:/data`],
      read_only: true,
    });
    expect(relay).not.toHaveProperty('profiles');
    expect(volumes).toHaveProperty(`relay-${region}-data`);
  }
  expect(composeDocument(OPTIONS)).not.toMatch(/relay/i);
});

test('a server for the store, which only the network reaches, and without its password in a command', () => {
  const { services, volumes } = parse(composeDocument({ ...OPTIONS, postgres: true }), { merge: true });
  const { postgres, 'sqs-puller': puller } = services;
  expect(postgres).toMatchObject({ networks: ['backbone'], volumes: ['postgres-data:/var/lib/postgresql/data'] });
  for (const name of ['ports', 'profiles', 'command']) expect(postgres).not.toHaveProperty(name);
  expect(postgres.environment.POSTGRES_PASSWORD).toBe(`\${POSTGRES_PASSWORD:-}`);
  expect(puller.environment.WASM_SENSORS_STORE).toBe(
    `postgres://sensors:\${POSTGRES_PASSWORD}@postgres/readings?sslmode=disable`,
  );
  expect(puller.depends_on).toMatchObject({ queue: {}, postgres: { condition: 'service_healthy' } });
  expect(volumes).toHaveProperty('postgres-data');
  const without = parse(composeDocument(OPTIONS), { merge: true });
  expect([without.services.postgres, 'postgres-data' in without.volumes]).toEqual([undefined, false]);
  // A database of the operator's.
  expect(without.services['sqs-puller'].environment.WASM_SENSORS_STORE).toBe(`\${WASM_SENSORS_STORE:-}`);
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
  const services = render({
    owner: '/some/$HOME',
    args: { 'sqs-proxy': ['--queue', 'a$b'], 'sqs-puller': [], queue: [], relay: [] },
  });
  expect(services['sqs-proxy']!.labels).toEqual({ 'wasm-sensors.state-dir': '/some/$$HOME' });
  expect(services['sqs-proxy']!.command!.at(-1)).toBe('a$$b');
});
