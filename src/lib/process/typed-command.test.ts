import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { typedCommand } from './typed-command.js';

const top = realpathSync(mkdtempSync(join(tmpdir(), 'typed-command-')));
afterAll(() => rmSync(top, { recursive: true }));

/** A package in this folder. */
function install(folder: string): { root: string; script: string } {
  const root = join(top, folder);
  const script = join(root, 'bin/wasm-sensors.js');
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(script, '');
  return { root, script };
}

/** What `npx ./x.tgz` installs, and notes about it. */
const fetched = install('_npx/1a2b/node_modules/wasm-sensors');
writeFileSync(join(top, '_npx/1a2b/package.json'), '{"_npx": {"packages": ["./my tools/x.tgz"]}}');

const clone = install('a clone');
const global = install('lib/node_modules/wasm-sensors');
mkdirSync(join(top, 'bin'));
symlinkSync(global.script, join(top, 'bin/wasm-sensors'));
const PATH = `/nowhere::${join(top, 'bin')}`;
const NPX = { npm_command: 'exec', npm_lifecycle_script: "'wasm-sensors'" };

test.each([
  ['npx in a project', { env: { ...NPX, PATH }, ...clone }, 'npx wasm-sensors'],
  ['npx of a file', { env: NPX, ...fetched }, "npx './my tools/x.tgz'"],
  ['a global installation', { env: { PATH }, ...global, script: join(top, 'bin/wasm-sensors') }, 'wasm-sensors'],
  ['node, in the clone', { env: {}, ...clone, folder: clone.root }, 'node bin/wasm-sensors.js'],
  ['node, far away', { env: {}, ...global, folder: '/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p' }, `node ${global.script}`],
  [
    'a script of package.json',
    { env: { npm_command: 'run-script' }, ...clone, script: join(top, 'node_modules/.bin/wasm-sensors') },
    'npx wasm-sensors',
  ],
  [
    'a shell that npm exec opened',
    {
      env: { npm_command: 'exec', npm_lifecycle_script: '/bin/bash' },
      ...clone,
      script: join(top, 'node_modules/.bin/wasm-sensors'),
    },
    'wasm-sensors',
  ],
  [
    'another program under npx',
    { env: { npm_command: 'exec', npm_lifecycle_script: "'vitest'" }, ...global },
    'node lib/node_modules/wasm-sensors/bin/wasm-sensors.js',
  ],
])('%s', (_, start, words) => {
  expect(typedCommand({ folder: top, ...start })).toBe(words);
});
