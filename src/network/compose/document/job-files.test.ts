/** The documents as people submit them by hand. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../../lib/process/self-command.js';
import { writeJobFiles } from './job-files.js';

const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
let files: string[];

beforeAll(async () => {
  files = (await writeJobFiles(folder, false)).map((path) => join(folder, path));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string) => files.find((file) => basename(file) === `${name}.yaml`)!;

test('carries the real modules within what a job may be long', () => {
  for (const file of files) expect(statSync(file).size).toBeLessThan(600_000);
  expect(statSync(fileOf('publisher')).size).toBeGreaterThan(25_000);
});

test('with relays sensors send to theirs, and a config-updater to the proxy', async () => {
  const own = mkdtempSync(join(tmpdir(), 'jobs-'));
  await writeJobFiles(own, true);
  const proxyOf = (name: string) =>
    /--proxy=\{\{or .*? "(http.*?)"/.exec(readFileSync(join(own, 'jobs', `${name}.yaml`), 'utf8'))?.[1];
  expect([proxyOf('publisher'), proxyOf('config-updater')]).toEqual(['http://relay:9090', 'http://sqs-proxy:9090']);
  rmSync(own, { recursive: true });
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
