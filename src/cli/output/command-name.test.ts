import { expect, test } from 'vitest';
import { withCommandName } from './command-name.js';

test.each([
  [
    'Run `wasm-sensors down`, then `wasm-sensors up -d`.',
    'Run `npx wasm-sensors down`, then `npx wasm-sensors up -d`.',
  ],
  ['Examples:\n  wasm-sensors up && wasm-sensors tail', 'Examples:\n  npx wasm-sensors up && npx wasm-sensors tail'],
  ['wasm-sensors --help', 'npx wasm-sensors --help'],
  ['in another terminal: wasm-sensors tail', 'in another terminal: npx wasm-sensors tail'],
  ['X=$(wasm-sensors sensors token h)', 'X=$(npx wasm-sensors sensors token h)'],
  ['wasm-sensors  embedded network', 'wasm-sensors  embedded network'],
  ['see .wasm-sensors/token and the image wasm-sensors:1', 'see .wasm-sensors/token and the image wasm-sensors:1'],
  ['`npx wasm-sensors up`', '`npx wasm-sensors up`'],
])('%j', (text, throughNpx) => {
  expect(withCommandName(text, 'npx wasm-sensors')).toBe(throughNpx);
  expect(withCommandName(text, 'wasm-sensors')).toBe(text);
});

test('a name with characters that a replacement would read is kept', () => {
  expect(withCommandName('`wasm-sensors up`', "node '$& $1/x.js'")).toBe("`node '$& $1/x.js' up`");
});
