/** The Docker network's documents: the compose file, the variables beside it, and what containers are given. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeEnvironment, queueVariables, readEnvironment, writeVariables } from '../../network/compose/compose-env.js';
import { connectionOf } from '../../network/compose/compose-network.js';
import type { ComposePlan } from '../../network/compose/compose-provider.js';
import { composeDocument } from '../../network/compose/document/compose-document.js';
import { IMAGE_VERSION, normalize, toFailure, toJson } from './normalize.js';

const recorded = (name: string) => `./recorded/compose/${name}`;

test('compose.yaml without Docker inside', async () => {
  const text = composeDocument({
    ...{
      nodesPerRegion: 1,
      dockerInside: 'none',
      embeddedQueue: true,
      relays: false,
      postgres: false,
      heading: ['The heading.', 'Its second line.'],
    },
  });
  await expect(normalize(text, [IMAGE_VERSION])).toMatchFileSnapshot(recorded('without-docker-inside.yaml'));
});

/** A plan as `up` makes it: with every port, a token for sensors, and names that requests may give. */
function plan(folder: string, settings: Partial<ComposePlan['settings']> = {}, over: Partial<ComposePlan> = {}) {
  return {
    project: { name: 'bacalhau-edge', folder },
    context: {
      sensorEnv: { SENSOR_TOKEN: 'sensor-secret' },
      token: 'operator-secret',
    } as unknown as ComposePlan['context'],
    args: { 'sqs-proxy': ['--rate-limit', '5'], 'sqs-puller': ['--alert-after', '9'], queue: [], relay: [] },
    settings: {
      ...{ folder, ports: {}, allowedHosts: ['proxy.example.com'], registry: true },
      ...settings,
    },
    ports: {
      ...{ PROXY_PORT: 9090, PULLER_PORT: 9091, QUEUE_PORT: 9324, API_PORT: 1234, NATS_PORT: 4222, WEBUI_PORT: 8438 },
      ...{ PROXY_JOB_PORT: 8080, PULLER_JOB_PORT: 8081, REGISTRY_PORT: 5000 },
    },
    bacalhauVersion: 'v1.9.3',
    image: 'example/wasm-sensors:1.2.3',
    imageNamed: false,
    backbone: undefined,
    logLevel: undefined,
    postgresImage: undefined,
    secrets: {
      ...{ AWS_ACCESS_KEY_ID: 'embedded', AWS_SECRET_ACCESS_KEY: 'embedded', AWS_SESSION_TOKEN: '' },
      ...{ AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL_SQS: '', SQS_QUEUE_URL: '' },
      ...{ WASM_SENSORS_TOKEN: 'operator-secret', WASM_SENSORS_WEBHOOK: '', SENSOR_TOKEN: 'sensor-secret' },
    },
    ...over,
  } satisfies ComposePlan;
}

describe('what lies beside it', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'golden-compose-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  test.each<[name: string, over: Partial<ComposePlan>]>([
    ['variables', {}],
    ['variables-with-log-level', { logLevel: 'debug' }],
  ])('.env of the network: %s', async (name, over) => {
    writeVariables(plan(folder, {}, over), '10.213.90');
    await expect(read(join(folder, '.env'))).toMatchFileSnapshot(recorded(`${name}.env`));
  });

  test('.env of the network without queue and registry', async () => {
    const { QUEUE_PORT: _, REGISTRY_PORT: __, ...ports } = plan(folder).ports;
    writeVariables(plan(folder, {}, { ports }), '192.168.77');
    await expect(read(join(folder, '.env'))).toMatchFileSnapshot(recorded('variables-without-queue.env'));
  });

  test('.env of the working folder, as it is made', async () => {
    makeEnvironment(folder);
    await expect(read(join(folder, '.env'))).toMatchFileSnapshot(recorded('made.env'));
  });

  test('how .env is read', async () => {
    const values = (text: string, names: string[]) => {
      writeFileSync(join(folder, '.env'), text);
      const environment = readEnvironment(folder);
      return Object.fromEntries(names.map((name) => [name, environment(name) ?? null]));
    };
    for (const name of ['PROXY_PORT', 'BACKBONE', 'SENSOR_TOKEN', 'SQS_QUEUE_URL']) vi.stubEnv(name, '');
    vi.stubEnv('BACALHAU_VERSION', 'v1.8.0');
    const names = ['BACALHAU_VERSION', 'PROXY_PORT', 'BACKBONE', 'SENSOR_TOKEN'];
    const text = 'BACALHAU_VERSION=v1.7.0\nPROXY_PORT=\n# BACKBONE=1\nexport SENSOR_TOKEN="a # b" # c\n';
    const placeholders = [
      'AWS_ACCESS_KEY_ID=your-access-key\nAWS_SECRET_ACCESS_KEY=<secret>',
      'SENSOR_TOKEN=changeme',
      'SQS_QUEUE_URL=https://sqs.us-east-1.amazonaws.com/123456789012/your-queue',
      'BACKBONE=$' + '{BACKBONE}',
    ];
    const refused = placeholders.map((line) => {
      try {
        return values(`${line}\n`, []);
      } catch (error) {
        return toFailure(error);
      }
    });
    const found = { values: values(text, names), refused };
    await expect(normalize(toJson(found), [[folder, '<folder>']])).toMatchFileSnapshot(
      recorded('environment-read.json'),
    );
  });

  /** With its mode, which decides who may read secrets. */
  function read(path: string): string {
    return `# mode ${(statSync(path).mode & 0o777).toString(8)}\n${readFileSync(path, 'utf8')}`;
  }
});

describe('what containers and other terminals are told', () => {
  const environment = (values: Record<string, string>) => (name: string) => values[name];
  const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'key', AWS_SESSION_TOKEN: 'session' };

  test('the queue’s variables', async () => {
    const amazon = 'https://sqs.eu-west-1.amazonaws.com/123456789012/readings';
    const cases: Record<string, () => unknown> = {
      'embedded, whatever the operator has': () => queueVariables({}, environment(KEYS)),
      'Amazon by URL': () => queueVariables({ queue: amazon, awsRegion: 'eu-west-1' }, environment(KEYS)),
      'Amazon by name': () => queueVariables({ queue: 'readings' }, environment(KEYS)),
      'Amazon without credentials': () => queueVariables({ queue: amazon }, environment({})),
      'a name without credentials': () => queueVariables({ queue: 'readings' }, environment({})),
      'another server': () =>
        queueVariables({ queue: 'http://mq:1/0/q', queueEndpoint: 'http://mq:1' }, environment({})),
      'another server by URL': () => queueVariables({ queue: 'http://mq:1/0/q' }, environment({})),
      'a queue of this machine': () => queueVariables({ queue: 'http://localhost:9324/0/q' }, environment(KEYS)),
      'an endpoint of this machine': () =>
        queueVariables({ queue: 'q', queueEndpoint: 'http://127.0.0.1:9324' }, environment(KEYS)),
    };
    const found = Object.fromEntries(Object.entries(cases).map(([name, attempt]) => [name, outcome(attempt)]));
    await expect(toJson(found)).toMatchFileSnapshot(recorded('queue-variables.json'));
  });

  test('facts', async () => {
    const ports = plan('/f').ports;
    const { QUEUE_PORT: _, REGISTRY_PORT: __, ...few } = ports;
    const queue = { queue: 'https://sqs.eu-west-1.amazonaws.com/1/q', queueEndpoint: 'http://mq:1', registry: false };
    const found = {
      'embedded queue': connectionOf(plan('/f'), { backbone: '10.213.90', withServices: true }),
      'another queue, few ports, no Docker inside': connectionOf(plan('/f', queue, { ports: few }), {
        ...{ backbone: '10.213.91', withServices: false },
      }),
    };
    await expect(toJson(found)).toMatchFileSnapshot(recorded('facts.json'));
  });

  function outcome(attempt: () => unknown): unknown {
    try {
      return attempt();
    } catch (error) {
      return toFailure(error);
    }
  }
});

test('neither variables nor facts hold a secret of the plan', () => {
  const folder = mkdtempSync(join(tmpdir(), 'golden-compose-'));
  try {
    writeVariables(plan(folder), '10.213.90');
    expect(readFileSync(join(folder, '.env'), 'utf8')).not.toMatch(/-secret/);
    expect(JSON.stringify(connectionOf(plan(folder), { backbone: 'b', withServices: true }))).not.toMatch(/-secret/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
