/** A node that takes its time, among real ones: the others do not wait for it, and its sensor comes with it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { findBacalhau } from '../../network/bacalhau/find-bacalhau.js';
import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

const missing = bacalhauMissing();
const sandbox = new Sandbox();

beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});
afterAll(() => sandbox.close());

test('`up --deploy` is ready without the only node of a region, which gets its sensor when it comes', {
  timeout: 180_000,
}, async () => {
  const program = join(sandbox.dir, 'slow-bacalhau');
  const slow = `case "$*" in *edge-eu-1*) while [ ! -f '${sandbox.dir}/go' ]; do sleep 0.2; done ;; esac`;
  const real = findBacalhau(process.env.BACALHAU_BIN);
  writeFileSync(program, `#!/bin/sh\n${slow}\nexec '${real}' "$@"\n`, { mode: 0o755 });
  const args = ['up', '-d', '--deploy', '--interval', '0.5', '--network', 'native', '--bacalhau', program];
  const { code, stderr } = await sandbox.run([...args, ...(await Sandbox.portFlags('native'))], { timeoutMs: 120_000 });
  expect(stderr + code).toMatch(/edge-eu-1 is not connected yet[\s\S]*0$/);
  const { nodes } = await sandbox.json<{ nodes: { name: string; connected: boolean }[] }>(['status']);
  expect(nodes.find(({ name }) => name === 'edge-eu-1')).toMatchObject({ connected: false });
  expect((await sandbox.fleet().summary()).total.live).toBe(2);
  writeFileSync(join(sandbox.dir, 'go'), '');
  await eventually('the third sensor', async () => (await sandbox.fleet().summary()).total.live === 3, 90_000);
});
