/** A rendered folder as `docker compose` and `bacalhau` read it, where they are installed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { productImage } from '../../../docker/images.js';
import { buildWasm } from '../../../modules/build-modules.js';
import { MODULES_DIR } from '../../../modules/module-files.js';
import { bacalhauEnv } from '../../bacalhau/bacalhau-cli.js';
import { findBacalhau } from '../../bacalhau/find-bacalhau.js';
import { GRANTS } from '../engine/nested-docker.js';
import type { ComposeOptions } from './compose-document.js';
import { writeExtras, writeNetworkFiles } from './network-folder.js';

const OPTIONS: ComposeOptions = {
  nodesPerRegion: 1,
  dockerInside: 'privileged',
  embeddedQueue: true,
  relays: false,
  postgres: false,
  heading: ['Made by a test.'],
};
const folder = mkdtempSync(join(tmpdir(), 'compose-'));
beforeAll(() => buildWasm({ outDir: MODULES_DIR }));
afterAll(() => rmSync(folder, { recursive: true }));

function hasCompose(): boolean {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('docker compose config', () => {
  const compose = hasCompose();
  beforeEach((context) => {
    if (!compose) context.skip('no docker compose');
  });

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

  test('the rest of the folder: Dockerfile and .env.template', async () => {
    expect(writeExtras(folder)).toEqual(['.env.template', 'image/Dockerfile']);
    expect(readdirSync(join(folder, 'image'))).toEqual(expect.arrayContaining(['Dockerfile', 'dist', 'package.json']));
  });
});

/** Without an API `--dry-run` prints the document as Bacalhau understood it. */
function dryRun(bacalhau: string, name: string, ...variables: string[]) {
  const output = execFileSync(
    bacalhau,
    ['job', 'run', '--dry-run', ...variables.flatMap((v) => ['-V', v]), join(folder, 'jobs', `${name}.yaml`)],
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

test('bacalhau dry-runs every document with and without variables', async (ctx) => {
  const bacalhau = found(ctx);
  await writeNetworkFiles(folder, OPTIONS);
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

function found(ctx: { skip: (note: string) => never }): string {
  try {
    return findBacalhau(process.env.BACALHAU_BIN);
  } catch (error) {
    return ctx.skip((error as Error).message);
  }
}
