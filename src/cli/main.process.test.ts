/** The program as a process: what it does when Node itself loses something. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { Sandbox } from '../test/support/cli-harness.js';

const sandbox = new Sandbox();
afterAll(() => sandbox.close());

test('a request that never ends is an error, not the end of the program', async () => {
  // As Node 20 does with some connections that are reset: neither an answer nor an error, and nothing to wait for.
  const lost = join(sandbox.dir, 'lost.mjs');
  writeFileSync(
    lost,
    `const { timeout } = AbortSignal;
    AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 20);
    globalThis.fetch = (_url, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));`,
  );
  const args = ['history', 'temperature', '--puller-url', 'http://127.0.0.1:9'];
  const { code, stderr } = await sandbox.run(args, { env: { NODE_OPTIONS: `--import ${pathToFileURL(lost)}` } });
  expect([code, stderr]).toEqual([1, expect.stringContaining('the puller at http://127.0.0.1:9 does not answer')]);
});
