import { expect, test } from 'vitest';
import { startedThroughNpx, withCommandName } from './command-name.js';

const npx = { npm_command: 'exec', npm_lifecycle_script: "'wasm-sensors'" };

test.each([
  ['npx and npm exec', npx, true],
  ['a shell that npm exec opened', { npm_command: 'exec', npm_lifecycle_script: '/bin/bash' }, false],
  ['another program under npx', { npm_command: 'exec', npm_lifecycle_script: "'vitest'" }, false],
  ['npm exec that sets no script', { npm_command: 'exec' }, false],
  ['a script of package.json', { npm_command: 'run', npm_lifecycle_script: 'wasm-sensors up' }, false],
  ['a terminal', {}, false],
])('started by %s', (_, env, expected) => {
  expect(startedThroughNpx(env)).toBe(expected);
});

test.each([
  [
    'Run `wasm-sensors down`, then `wasm-sensors up -d`.',
    'Run `npx wasm-sensors down`, then `npx wasm-sensors up -d`.',
  ],
  ['Examples:\n  wasm-sensors up && wasm-sensors tail', 'Examples:\n  npx wasm-sensors up && npx wasm-sensors tail'],
  ['wasm-sensors --help', 'npx wasm-sensors --help'],
  ['wasm-sensors  embedded network', 'wasm-sensors  embedded network'],
  ['see .wasm-sensors/token and the image wasm-sensors:1', 'see .wasm-sensors/token and the image wasm-sensors:1'],
  ['`npx wasm-sensors up`', '`npx wasm-sensors up`'],
])('%j', (text, throughNpx) => {
  expect(withCommandName(text, npx)).toBe(throughNpx);
  expect(withCommandName(text, {})).toBe(text);
});
