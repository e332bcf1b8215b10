import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testModulePath } from '../test/support/built-modules.js';
import { problemOfFile } from './try-file.js';

const folder = mkdtempSync(join(tmpdir(), 'try-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["colour: '#abcdef'\nrandom-off: yes\npaused: true\n", undefined],
  ['', undefined],
  ['interval: 1', undefined],
  ['{color: "#abcdef"}\n', /^line 1: not `key: value`/],
  ['size: 3\n', /^line 1: unknown key/],
  ['# first\ncolor: #abcdef\n', /^line 2: no value; a colour needs quotes/],
  ['interval: 0.01\n', /^line 1: Use seconds/],
  ['#'.repeat(5000), /^more bytes than 4095: shorten it/],
])('a sensor says of %j: %s', async (text, problem) => {
  const file = join(folder, 'sensor.yaml');
  writeFileSync(file, text);
  const found = await problemOfFile(file, await testModulePath('publisher'));
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(problem);
});
