import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readUserModule } from '../modules/user-module.js';
import { tinyModule } from '../test/support/tiny-module.js';
import type { ModuleJob, PublisherJob, ServiceJob } from './job-request.js';
import { type JobEnvironment, renderJob } from './render-job.js';

const MODULE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const environment: JobEnvironment = {
  module: async () => MODULE,
  moduleUrl: (region, sha256) => `http://${region}.proxy/modules/${sha256}.wasm`,
  forwarded: { edge: ['HOSTNAME', 'SENSOR_TOKEN'], updater: ['WASM_SENSORS_TOKEN'], services: ['AWS_REGION'] },
};
const publisher: PublisherJob = {
  role: 'publisher',
  region: 'eu',
  proxyUrl: 'http://127.0.0.1:9090',
  config: { color: '#00ff88', random_off: true, interval: 0.5, paused: false },
  submissionTime: 1_700_000_000_000,
};

describe('a rendered publisher', () => {
  it('carries the id of who submits it, and is the same job, whoever that is', async () => {
    const [plain, mine, theirs] = await Promise.all(
      [undefined, '00000000000000aa', '00000000000000e5'].map((owner) =>
        renderJob(publisher, owner === undefined ? environment : { ...environment, owner }),
      ),
    );
    expect(parse(plain!.text).labels).not.toHaveProperty('owner');
    // No number, as YAML would take it for.
    expect([parse(mine!.text).labels.owner, parse(theirs!.text).labels.owner]).toEqual([
      '00000000000000aa',
      '00000000000000e5',
    ]);
    expect([mine!.hash, theirs!.hash]).toEqual([plain!.hash, plain!.hash]);
  });

  it('is a daemon of its region that carries the module and its settings', async () => {
    const { name, text } = await renderJob(publisher, environment);
    const job = parse(text);
    expect([name, job.name, job.type]).toEqual(['publisher-eu', 'publisher-eu', 'daemon']);
    expect(job.constraints[1]).toEqual({ key: 'region', operator: '=', values: ['eu'] });
    const task = job.tasks[0];
    expect(task.engine.params.parameters).toEqual([
      '--proxy=http://127.0.0.1:9090',
      '--region=eu',
      '--color=#00ff88',
      '--random-off=true',
      '--interval=0.5',
      '--submission-time=1700000000000',
    ]);
    expect(task.env).toEqual({ HOSTNAME: 'env:HOSTNAME', SENSOR_TOKEN: 'env:SENSOR_TOKEN' });
    expect(task.inputSources[0].source.params.URL).toBe('data:application/wasm;base64,AGFzbQEAAAA=');
    expect(task.resources).toEqual({ cpu: '10m', memory: '32MB' });
    expect(task.network).toEqual({ type: 'http', domains: ['127.0.0.1'] });
  });

  it('may reach what the operator allows; where Bacalhau can not say it, its job has the network of the node', async () => {
    const network = async (over: Partial<PublisherJob>) =>
      parse((await renderJob({ ...publisher, ...over }, environment)).text).tasks[0].network;
    expect(await network({ allow: ['api.example.com:81'] })).toMatchObject({
      domains: ['127.0.0.1', 'api.example.com'],
    });
    expect(await network({ proxyUrl: 'http://sqs-proxy:9090' })).toBeUndefined();
  });

  it('that measures something has its profile, and the share of anomalies', async () => {
    const { text } = await renderJob({ ...publisher, profile: 'weather', anomalies: 0.5 }, environment);
    const { parameters } = parse(text).tasks[0].engine.params;
    expect(parameters).toEqual(expect.arrayContaining(['--profile=weather', '--anomalies=0.5']));
  });

  it('that exits by itself is an ops job with a name of its own: a daemon would be restarted', async () => {
    const { name, text } = await renderJob({ ...publisher, maxMessages: 5 }, environment);
    const job = parse(text);
    expect([name, job.name, job.type]).toEqual(['once-publisher-eu', 'once-publisher-eu', 'ops']);
    expect(job.tasks[0].engine.params.parameters).toContain('--max-messages=5');
  });

  it('keeps comments and has a heading of its own', async () => {
    const { text } = await renderJob(publisher, environment);
    expect(text).toMatch(/^# The job publisher-eu, made by wasm-sensors from templates\/jobs\/publisher.yaml/);
    expect(text).toContain('# Taken from each node');
    expect(text).not.toContain('{{');
  });

  it('has one hash whatever the submission time, and another for any other setting', async () => {
    const hashOf = async (job: PublisherJob) => (await renderJob(job, environment)).hash;
    const hash = await hashOf(publisher);
    expect(await hashOf({ ...publisher, submissionTime: 1 })).toBe(hash);
    expect(await hashOf({ ...publisher, config: {} })).not.toBe(hash);
    const other = { ...environment, module: async () => new Uint8Array([1]) };
    expect((await renderJob(publisher, other)).hash).not.toBe(hash);
    expect(parse((await renderJob(publisher, environment)).text).labels.spec).toBe(hash);
  });

  it('mounts a configuration file apart from the module', async () => {
    const { text } = await renderJob({ ...publisher, configFile: '/srv/it\'s "here".yaml' }, environment);
    const task = parse(text).tasks[0];
    expect(task.inputSources[1].source.params.sourcePath).toBe('/srv/it\'s "here".yaml');
    expect(task.engine.params.parameters).toContain(`--config=${task.inputSources[1].target}`);
  });

  it('is refused when it would not fit into a message to the nodes', async () => {
    const large = { ...environment, module: async () => new Uint8Array(500_000) };
    await expect(renderJob(publisher, large)).rejects.toMatchObject({ code: 'JOB_TOO_LARGE' });
  });
});

const folder = mkdtempSync(join(tmpdir(), 'render-job-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'mine.wasm');
writeFileSync(file, tinyModule({ name: 'mine' }));
const mine = await readUserModule(file);
const inline = (bytes: Uint8Array) => `data:application/wasm;base64,${Buffer.from(bytes).toString('base64')}`;

/** One that carries nothing, of so many bytes and its header. */
const customSection = (bytes: number) =>
  Buffer.concat([
    Buffer.from([0, (bytes & 0x7f) | 0x80, ((bytes >> 7) & 0x7f) | 0x80, bytes >> 14, 1, 0x78]),
    Buffer.alloc(bytes - 2),
  ]);

it('a publisher carries a module of the user instead of the built-in one, with more memory', async () => {
  const { name, text } = await renderJob({ ...publisher, module: mine }, environment);
  const task = parse(text).tasks[0];
  expect([name, task.inputSources[0].source.params.URL]).toEqual([
    'publisher-eu',
    inline(tinyModule({ name: 'mine' })),
  ]);
  expect(task.engine.params.parameters).toContain('--region=eu');
  expect(task.resources.memory).toBe('128MB');
});

describe('a module of the user', () => {
  const module: ModuleJob = {
    ...{ role: 'module', name: 'thermo', region: 'eu', module: mine, proxyUrl: 'http://p:1', submissionTime: 7 },
    parameters: ['--proxy={proxy}', '{region}', '{"json":"{other}"}'],
    env: { AT: 'in {region}', REGION: 'mine' },
  };

  it('is a daemon of its region that knows its proxy, and labelled with its name', async () => {
    const { name, text } = await renderJob(module, environment);
    const job = parse(text);
    expect([name, job.name, job.type]).toEqual(['module-thermo.eu', 'module-thermo.eu', 'daemon']);
    expect(job.labels).toMatchObject({ role: 'module', module: 'thermo', region: 'eu' });
    const task = job.tasks[0];
    expect(task.engine.params.parameters).toEqual(['--proxy=http://p:1', 'eu', '{"json":"{other}"}']);
    expect(task.env).toEqual({
      ...{ HOSTNAME: 'env:HOSTNAME', SENSOR_TOKEN: 'env:SENSOR_TOKEN' },
      ...{ PROXY_URL: 'http://p:1', REGION: 'mine', AT: 'in eu' },
    });
    expect(task.inputSources[0].source.params.URL).toBe(inline(tinyModule({ name: 'mine' })));
  });

  it('that is too large for a job is downloaded from the proxy of its region, by its hash', async () => {
    const large = join(folder, 'large.wasm');
    writeFileSync(large, Buffer.concat([tinyModule({ name: 'mine' }), customSection(450_000)]));
    const task = parse((await renderJob({ ...module, module: await readUserModule(large) }, environment)).text)
      .tasks[0];
    const [{ target, source }] = task.inputSources;
    expect([target, source.type]).toEqual(['/app', 'urlDownload']);
    expect(source.params.URL).toMatch(/^http:\/\/eu\.proxy\/modules\/[0-9a-f]{64}\.wasm$/);
    // Bacalhau mounts the file below the target, under the name that it has in the URL.
    expect(task.engine.params.entryModule).toBe(`/app/${source.params.URL.split('/').at(-1)}`);
  });

  it('that runs once is an ops job', async () => {
    const { name, text } = await renderJob({ ...module, once: true }, environment);
    expect([name, parse(text).type]).toEqual(['once-module-thermo.eu', 'ops']);
  });
});

it('renders service jobs with the image, the port and the forwarded variables', async () => {
  const job: ServiceJob = {
    role: 'puller',
    image: 'r.io/x:1',
    port: 8099,
    queue: 'q',
    args: ['--pollers', '2'],
    allowedHosts: ['web-services', 'w-1'],
    submissionTime: 1,
  };
  const task = parse((await renderJob(job, environment)).text).tasks[0];
  expect(task.engine.params.image).toBe('r.io/x:1');
  expect(task.engine.params.parameters).toEqual(expect.arrayContaining(['--queue=q', '--pollers', '2']));
  expect(task.network.ports[0]).toMatchObject({ static: 8099, target: 8080 });
  expect(task.env).toEqual({ AWS_REGION: 'env:AWS_REGION', WASM_SENSORS_ALLOWED_HOSTS: 'web-services,w-1' });
});
