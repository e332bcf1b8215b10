import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commands } from './commands/all-commands.js';
import { createProgram, loadCommands } from './program.js';

test('docs/cli.md is made from the commands (npm run docs)', async () => {
  const { cliPage } = await import('../../scripts/generate-docs.js' as string);
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  expect(page).toBe(cliPage(createProgram(commands), commands));
});

test('docs/wasm-sensors.1 is made from the commands (npm run docs)', async () => {
  const { manPage } = await import('../../scripts/generate-docs.js' as string);
  const page = readFileSync(new URL('../../docs/wasm-sensors.1', import.meta.url), 'utf8');
  expect(page).toBe(manPage(createProgram(commands), commands));
});

test('every group says what it is for', () => {
  const groups = createProgram(commands).commands.filter((command) => command.commands.length > 0);
  expect(groups.filter((group) => group.description() === '').map((group) => group.name())).toEqual([]);
});

test.each(['up', 'proxy serve', 'puller serve', 'queue serve', 'sensors serve'])(
  '`%s` loads only itself',
  async (name) => {
    expect((await loadCommands([...name.split(' '), '-o', 'json'])).map((command) => command.name)).toEqual([name]);
  },
);

test('all other command lines load every command', async () => {
  for (const words of [[], ['down'], ['proxy'], ['deploy', 'up']]) expect(await loadCommands(words)).toBe(commands);
});

test('no two commands have the same name, and every one can be found', () => {
  const program = createProgram(commands);
  const paths = commands.map(({ name }) => name.replace(/ [[<].*/, ''));
  expect(new Set(paths).size).toBe(commands.length);
  for (const path of paths) {
    const found = path.split(' ').reduce((group, word) => group.commands.find((one) => one.name() === word)!, program);
    expect(found.description()).not.toBe('');
  }
});
