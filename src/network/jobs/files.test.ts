/** The documents as people submit them by hand, checked by a real `bacalhau` where there is one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildWasm } from '../../sensors/build.js';
import { MODULES_DIR } from '../../sensors/modules.js';
import { findBacalhau } from '../bacalhau/binary.js';
import { bacalhauEnv } from '../bacalhau/environment.js';
import { renderJobs } from './files.js';
import { builtModule } from './modules.js';

const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
let files: string[];

beforeAll(async () => {
  await buildWasm({ outDir: MODULES_DIR });
  files = await renderJobs(join(folder, 'out'), builtModule);
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

it('carries the real modules within what a job may be long', () => {
  for (const file of files) expect(statSync(file).size).toBeLessThan(600_000);
  expect(statSync(fileOf('publisher')).size).toBeGreaterThan(25_000);
});

it('dry-runs every document with and without variables', (ctx) => {
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
    expect(dryRun(bacalhau, name).Type).toBe('service');
    const service = dryRun(bacalhau, name, 'queue_url=https://q/1');
    expect(service.Tasks[0].Engine.Params.parameters).toContain('--queue=https://q/1');
  }
});

function found(ctx: { skip: (note: string) => never }): string {
  try {
    return findBacalhau(process.env.BACALHAU_BIN);
  } catch (error) {
    return ctx.skip((error as Error).message);
  }
}
