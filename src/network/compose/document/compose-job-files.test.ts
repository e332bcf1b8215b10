/** The documents as people submit them by hand, checked by a real `bacalhau` where there is one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { productImage } from '../../../docker/image-names.js';
import { ANY_CLUSTER, writeJobFiles } from '../../../jobs/job-files.js';
import { packageRoot } from '../../../lib/process/self-command.js';
import { readModule } from '../../../modules/module-files.js';
import { bacalhauEnv } from '../../bacalhau/bacalhau-env.js';
import { findBacalhau } from '../../bacalhau/find-bacalhau.js';
import { THIS_NETWORK } from './compose-job-files.js';

const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
let files: string[];

beforeAll(async () => {
  files = await writeJobFiles(join(folder, 'out'), readModule, THIS_NETWORK);
});
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string) => files.find((file) => basename(file) === `${name}.yaml`)!;

/** Without an API `--dry-run` prints the document as Bacalhau understood it. */
function dryRun(bacalhau: string, name: string, ...variables: string[]) {
  const output = execFileSync(
    bacalhau,
    ['job', 'run', '--dry-run', ...variables.flatMap((v) => ['-V', v]), fileOf(name)],
    {
      env: {
        ...process.env,
        ...bacalhauEnv({ BACALHAU_DIR: join(folder, 'repo'), BACALHAU_API_HOST: '127.0.0.1', BACALHAU_API_PORT: '9' }),
      },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  return parse(output.slice(output.indexOf('Constraints:')));
}

test('for any cluster they ask nodes for nothing but what the templates do', async () => {
  const paths = await writeJobFiles(join(folder, 'any'), readModule, ANY_CLUSTER);
  const publisher = parse(readFileSync(paths.find((path) => path.endsWith('publisher.yaml'))!, 'utf8'));
  expect(publisher.tasks[0].env).toEqual({ HOSTNAME: 'env:HOSTNAME' });
  expect(parse(readFileSync(fileOf('publisher'), 'utf8')).tasks[0].env).toMatchObject({ REGION: 'env:REGION' });
});

test('carries the real modules within what a job may be long', () => {
  for (const file of files) expect(statSync(file).size).toBeLessThan(600_000);
  expect(statSync(fileOf('publisher')).size).toBeGreaterThan(25_000);
});

test('dry-runs every document with and without variables', (ctx) => {
  const bacalhau = found(ctx);
  const publisher = dryRun(bacalhau, 'publisher', 'proxy=http://p:9090', 'color=#00ff88', 'region=eu');
  expect(publisher.Name).toBe('publisher-eu');
  expect(publisher.Constraints[1]).toEqual({ Key: 'region', Operator: '=', Values: ['eu'] });
  const { parameters } = publisher.Tasks[0].Engine.Params;
  expect(parameters).toEqual(expect.arrayContaining(['--proxy=http://p:9090', '--color=#00ff88', '--interval=']));

  const everywhere = dryRun(bacalhau, 'publisher');
  expect(everywhere.Name).toBe('publisher');
  expect(everywhere.Constraints[1]).toEqual({ Key: 'region', Operator: '!=', Values: ['none'] });

  expect(dryRun(bacalhau, 'config-updater').Type).toBe('batch');
  const updater = dryRun(bacalhau, 'config-updater', 'color=#FEFEFE');
  expect(updater.Tasks[0].Engine.Params.parameters).toContain('--color=#FEFEFE');

  for (const name of ['proxy', 'puller']) {
    const { Type, Tasks } = dryRun(bacalhau, name);
    expect([Type, Tasks[0].Env.SQS_QUEUE_URL, Tasks[0].Env.WASM_SENSORS_TOKEN]).toEqual([
      'service',
      'env:SQS_QUEUE_URL',
      'env:WASM_SENSORS_TOKEN',
    ]);
    expect(Tasks[0].Engine.Params.image).toBe(productImage());
    const { Env, Engine } = dryRun(bacalhau, name, 'queue_url=https://q/1', 'image=r/x:1').Tasks[0];
    expect([Env.SQS_QUEUE_URL, Engine.Params.image]).toEqual(['https://q/1', 'r/x:1']);
  }
});

test('every variable that a job takes from its node, the compose file gives to that node and lets it forward', () => {
  const { services } = parse(readFileSync(`${packageRoot}templates/compose.yaml`, 'utf8'), { merge: true });
  const edge = parse(readFileSync(`${packageRoot}templates/nodes/edge.yaml`, 'utf8')).Compute.Env.AllowList;
  const allowed = /AllowList=(.*)/.exec(services['web-services'].command.join('\n'))![1]!.replace('$$', '$');
  for (const file of files) {
    const { tasks, constraints } = parse(readFileSync(file, 'utf8'));
    const onEdge = constraints[0].values[0] === 'edge';
    const node = services[onEdge ? 'edge-us-1' : 'web-services'];
    const patterns: string[] = onEdge ? edge : [allowed];
    for (const [name, value] of Object.entries<string>(tasks[0].env)) {
      if (!value.includes('env:')) continue;
      expect(
        patterns.some((pattern) => new RegExp(pattern).test(name)),
        `${file}: ${name}`,
      ).toBe(true);
      if (name !== 'HOSTNAME') expect(node.environment, `${file}: ${name}`).toHaveProperty(name);
    }
  }
});

function found(ctx: { skip: (note: string) => never }): string {
  try {
    return findBacalhau(process.env.BACALHAU_BIN);
  } catch (error) {
    return ctx.skip((error as Error).message);
  }
}
