/** Every job as the document that a Bacalhau cluster gets, and as the embedded network's sensor host gets it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ConfigUpdaterJob, JobRequest, PublisherJob, RelayJob, ServiceJob } from '../../jobs/job-request.js';
import { type JobEnvironment, renderJob } from '../../jobs/render-job.js';
import { planServiceJob } from '../../network/compose/compose-service-job.js';
import { writeJobFiles } from '../../network/compose/document/job-files.js';
import { createEmbeddedNetwork } from '../../network/embedded/embedded-network.js';
import { IMAGE_VERSION, normalize, toFailure, toJson } from './normalize.js';

const recorded = (name: string) => `./recorded/jobs/${name}`;

/** Hashes and sizes shall not change with the compiler. */
const MODULE = Buffer.from('AGFzbQEAAAA=', 'base64');
const SUBMITTED = 1_750_000_000_000;

const AWS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];

/** What the nodes of each network hand on. */
const NATIVE: JobEnvironment = {
  module: async () => MODULE,
  moduleUrl: (_region: string, sha256: string) => `http://p/${sha256}.wasm`,
  forwarded: { edge: ['HOSTNAME', 'REGION'], updater: ['WASM_SENSORS_TOKEN'], services: ['WASM_SENSORS_TOKEN'] },
};
const WITH_TOKEN: JobEnvironment = {
  ...NATIVE,
  forwarded: {
    edge: ['HOSTNAME', 'REGION', 'SENSOR_TOKEN'],
    updater: ['WASM_SENSORS_TOKEN'],
    services: [...AWS, 'WASM_SENSORS_TOKEN', 'WASM_SENSORS_WEBHOOK', 'SENSOR_TOKEN'],
  },
};
const REMOTE: JobEnvironment = {
  ...NATIVE,
  forwarded: {
    edge: ['HOSTNAME'],
    updater: [],
    services: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'],
  },
};
const SILENT_NODES: JobEnvironment = { ...REMOTE, forwarded: { ...REMOTE.forwarded, edge: [] } };
const TOKEN_IN_JOB: JobEnvironment = { ...REMOTE, given: { SENSOR_TOKEN: 'a-token' } };

const publisher = (region: string, over: Partial<PublisherJob> = {}): PublisherJob => ({
  role: 'publisher',
  region,
  proxyUrl: 'http://127.0.0.1:9090',
  config: {},
  submissionTime: SUBMITTED,
  ...over,
});
const updater = (over: Partial<ConfigUpdaterJob> = {}): ConfigUpdaterJob => ({
  role: 'config-updater',
  region: 'eu',
  proxyUrl: 'http://127.0.0.1:9090',
  parameters: ['--region=eu', '--color=#fefefe', '--interval=0.5', '--random-off=true'],
  submissionTime: SUBMITTED,
  ...over,
});
const service = (role: ServiceJob['role'], over: Partial<ServiceJob> = {}): ServiceJob => ({
  role,
  image: 'registry:5000/wasm-sensors:0123456789ab',
  port: 8080,
  queue: 'https://sqs.eu-west-1.amazonaws.com/123456789012/readings',
  args: [],
  allowedHosts: ['web-services'],
  submissionTime: SUBMITTED,
  ...over,
});

const relay = (): RelayJob => ({
  ...{ role: 'relay', region: 'eu', image: 'registry:5000/wasm-sensors:0123456789ab', port: 9090 },
  ...{ upstream: 'https://proxy.example.com', dataDir: '/srv/relay', url: 'http://10.0.3.7:9090' },
  submissionTime: SUBMITTED,
});

const EVERY_VALUE = { color: '#00ff88', emoji: 3, random_off: true, interval: 0.5, paused: true } as const;

const JOBS: [name: string, request: JobRequest, environment: JobEnvironment][] = [
  ['publisher-us', publisher('us'), NATIVE],
  ['publisher-eu', publisher('eu'), NATIVE],
  ['publisher-as', publisher('as'), NATIVE],
  ['publisher-other-region', publisher('eu-west.1'), NATIVE],
  ['publisher-with-every-value', publisher('eu', { config: EVERY_VALUE }), NATIVE],
  [
    'publisher-with-random-values',
    publisher('eu', { config: { color: 'random', emoji: -1, interval: 86400 } }),
    NATIVE,
  ],
  ['publisher-with-sensor-token', publisher('eu'), WITH_TOKEN],
  ['publisher-with-token-in-job', publisher('eu', { proxyUrl: 'https://proxy.example.com' }), TOKEN_IN_JOB],
  ['publisher-without-hostname', publisher('eu', { proxyUrl: 'https://proxy.example.com' }), SILENT_NODES],
  ['publisher-remote', publisher('eu', { proxyUrl: 'https://proxy.example.com' }), REMOTE],
  ['publisher-with-config-file', publisher('eu', { configFile: '/srv/it\'s "here": #1 {{x}}.yaml' }), NATIVE],
  ['publisher-once', publisher('eu', { maxMessages: 5, config: EVERY_VALUE }), NATIVE],
  ['publisher-once-with-config-file', publisher('as', { maxMessages: 1, configFile: '/srv/c.yaml' }), WITH_TOKEN],
  ['config-updater', updater(), NATIVE],
  ['config-updater-unset', updater({ region: 'us', parameters: ['--unset=color', '--unset=interval'] }), WITH_TOKEN],
  ['proxy', service('proxy'), REMOTE],
  ['proxy-open', service('proxy', { args: ['--open', '--rate-limit', '5'] }), NATIVE],
  ['proxy-with-token', service('proxy', { port: 9090, allowedHosts: ['a.example.com', 'b'] }), WITH_TOKEN],
  ['proxy-for-nobody-else', service('proxy', { allowedHosts: [] }), NATIVE],
  ['proxy-with-data', service('proxy', { dataDir: '/srv/proxy data' }), NATIVE],
  ['puller', service('puller', { port: 8081 }), REMOTE],
  ['puller-with-token', service('puller', { port: 8081, args: ['--sinks', 'store'] }), WITH_TOKEN],
  ['puller-with-data', service('puller', { port: 8081, dataDir: '/srv/puller-data' }), NATIVE],
  ['relay', relay(), { ...REMOTE, forwarded: { ...REMOTE.forwarded, services: ['WASM_SENSORS_SENSOR_KEY'] } }],
  ['relay-with-token', relay(), { ...REMOTE, forwarded: { ...REMOTE.forwarded, services: ['SENSOR_TOKEN'] } }],
  ['relay-open', relay(), { ...REMOTE, forwarded: { ...REMOTE.forwarded, services: [] } }],
];

describe('a job as a document', () => {
  test.each(JOBS)('%s', async (name, request, environment) => {
    const job = await renderJob(request, environment);
    expect(readHash(job.text)).toBe(job.hash);
    await expect(job.text).toMatchFileSnapshot(recorded(`${name}.yaml`));
  });

  test('names, types and hashes', async () => {
    const rows = await Promise.all(
      JOBS.map(async ([name, request, environment]) => {
        const job = await renderJob(request, environment);
        return [name.padEnd(33), job.name.padEnd(21), job.type.padEnd(8), job.hash].join(' ');
      }),
    );
    await expect(`${rows.join('\n')}\n`).toMatchFileSnapshot(recorded('names-types-hashes.txt'));
  });

  test('what is refused', async () => {
    const large: JobEnvironment = { ...NATIVE, module: async () => new Uint8Array(450_000) };
    const unbuilt: JobEnvironment = {
      ...NATIVE,
      module: async () => {
        throw new Error('the module is not built');
      },
    };
    const refused: [string, JobRequest, JobEnvironment][] = [
      ['a module that is too large', publisher('eu'), large],
      ['a module that is not there', publisher('eu'), unbuilt],
      ['a config-updater where nodes have no operator token', updater(), REMOTE],
      ['a config-updater that writes a file', updater({ configFile: '/srv/c.yaml' }), NATIVE],
    ];
    const failures: Record<string, unknown> = {};
    for (const [what, request, environment] of refused) {
      failures[what] = toFailure(await renderJob(request, environment).catch((error) => error));
    }
    await expect(toJson(failures)).toMatchFileSnapshot(recorded('refused.json'));
  });

  /** The label as the document carries it. */
  const readHash = (text: string) => /^ {2}spec: "?([0-9a-f]{16})"?$/m.exec(text)?.[1];
});

describe('service jobs as the networks ask for them', () => {
  const facts = {
    project: { name: 'bacalhau-edge', folder: '/state/compose' },
    apiPort: 1234,
    pullerPort: 9091,
    withServices: true,
    proxyJobPort: 8080,
    pullerJobPort: 8081,
    image: 'ghcr.io/bacalhau-project/wasm-sensors:1.2.3',
    queueForJobs: 'http://10.213.90.10:9324/000000000000/wasm-sensors',
    allowedHosts: ['proxy.example.com'],
    serviceArgs: { proxy: ['--rate-limit', '5'], puller: ['--alert-after', '9'] },
    forwarded: WITH_TOKEN.forwarded,
  };

  beforeEach(() => vi.useFakeTimers({ now: SUBMITTED, toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());

  test.each(['proxy', 'puller'] as const)('compose: %s', async (role) => {
    const options = { image: 'registry:5000/wasm-sensors:0123456789ab', onProgress() {} };
    const { job: request } = await planServiceJob(role, facts, options);
    const { text } = await renderJob(request, WITH_TOKEN);
    await expect(`${toComment(request)}${text}`).toMatchFileSnapshot(recorded(`compose-${role}.yaml`));
  });

  test('without a node for them they are refused', async () => {
    const options = { image: facts.image, onProgress() {} };
    await expect(planServiceJob('proxy', { ...facts, withServices: false }, options)).rejects.toMatchObject({
      code: 'NO_SERVICES_NODE',
    });
  });

  const toComment = (request: object) => `# request: ${JSON.stringify(request)}\n`;
});

describe('documents for use by hand', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'golden-jobs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('of a compose network', async () => {
    const paths = await writeJobFiles(folder, false, async () => MODULE);
    expect(paths.map((path) => path.slice('jobs/'.length)).sort()).toEqual(readdirSync(join(folder, 'jobs')).sort());
    expect(paths).toHaveLength(4);
    for (const path of paths) {
      const text = normalize(readFileSync(join(folder, path), 'utf8'), [IMAGE_VERSION]);
      await expect(text).toMatchFileSnapshot(recorded(`by-hand/this-network/${path.slice('jobs/'.length)}`));
    }
  });
});

describe('the embedded network', () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A sensor host that answers as it is told, and what it was asked. */
  function hostThatAnswers(answers: Record<string, { status?: number; body: unknown }>) {
    const calls: unknown[] = [];
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      const { method, headers, body } = init;
      calls.push({ method, url, headers, ...(body === undefined ? {} : { body: JSON.parse(String(body)) }) });
      const { status = 200, body: answer } = answers[`${method} ${new URL(url).pathname}`] ?? {
        body: { jobId: 'j-1', version: 1, unchanged: false },
      };
      return Response.json(answer, { status });
    });
    return calls;
  }
  const network = () =>
    createEmbeddedNetwork(
      { host: 'http://host:1', proxyUrl: 'http://proxy:2', relayUrls: {}, stateDir: '/state' },
      { token: 'the-token', setRegionLink: async () => {} },
    );

  test('jobs as the sensor host gets them', async () => {
    const calls = hostThatAnswers({});
    const requests: JobRequest[] = [
      publisher('us'),
      publisher('eu', { config: EVERY_VALUE, configFile: '/state/config/eu.yaml' }),
      publisher('as', { maxMessages: 3 }),
      updater(),
      updater({ configFile: '/state/config/eu.yaml', parameters: ['--color=#123456'] }),
    ];
    const submissions = [];
    for (const request of requests) submissions.push(await network().submit(request));
    await expect(toJson({ calls, submissions })).toMatchFileSnapshot(recorded('embedded-submit.json'));
  });

  test('its other calls', async () => {
    const node = { name: 'edge-us-1', region: 'us', type: 'edge', connected: true };
    const calls = hostThatAnswers({
      'GET /nodes': { body: [node] },
      'GET /jobs': { body: [] },
      'DELETE /jobs/publisher-us': { body: { stopped: true } },
      'DELETE /jobs/publisher-broken': {
        status: 500,
        body: { error: { code: 'HOST_FULL', message: 'full', reason: 'full' } },
      },
    });
    const here = network();
    const answers = {
      kind: here.kind,
      sensorProxyUrl: here.sensorProxyUrl('eu'),
      nodes: await here.nodes(),
      jobs: await here.jobs(),
      stop: await here.stop({ role: 'publisher', region: 'us' }),
      broken: toFailure(await here.stop({ role: 'publisher', region: 'broken' }).catch((error) => error)),
      service: toFailure(await here.submit(service('proxy')).catch((error) => error)),
    };
    await expect(toJson({ calls, answers })).toMatchFileSnapshot(recorded('embedded-calls.json'));
  });
});
