import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { headingOf, loadCommands } from './commands/command-table.js';
import { askedWords, createProgram } from './program.js';

const commands = await loadCommands([]);

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

const pathOf = ({ name }: { name: string }) => name.replace(/ [[<].*/, '');

test('every command and group stands under one heading of --help', () => {
  const names = createProgram(commands).commands.map((command) => command.name());
  expect(names.filter((name) => headingOf(name) === '')).toEqual([]);
});

test('a command is loaded by its own name', async () => {
  for (const command of commands.filter(({ name }) => !name.startsWith('complete '))) {
    const path = pathOf(command);
    expect((await loadCommands([...path.split(' '), '--help'])).map(pathOf)).toEqual([path]);
  }
});

test.each([
  ['queue', 'queue'],
  ['queue nothing', 'queue'],
])('`%s` loads its group', async (words, group) => {
  const loaded = (await loadCommands(words.split(' '))).map(pathOf);
  expect(loaded.length).toBeGreaterThan(1);
  expect(loaded).toEqual(commands.map(pathOf).filter((path) => path.startsWith(`${group} `)));
});

test.each(['', '--help', 'help up', 'uo'])('`%s` loads every command', async (words) => {
  expect(await loadCommands(words.split(' '))).toEqual(commands);
});

test('no two commands have the same name, and every one can be found', () => {
  const program = createProgram(commands);
  const paths = commands.map(pathOf);
  expect(new Set(paths).size).toBe(commands.length);
  for (const path of paths) {
    const found = path.split(' ').reduce((group, word) => group.commands.find((one) => one.name() === word)!, program);
    expect(found.description()).not.toBe('');
  }
});

test.each([
  ['help', '--help'],
  ['help up', 'up --help'],
  ['help config set', 'config set --help'],
  ['help confg', 'confg'],
  ['confg --help', 'confg'],
  ['config sett -h', 'config sett'],
  ['config set --help', 'config set --help'],
  ['shell ls --help', 'shell ls --help'],
  ['--version', '--version'],
])('`%s` asks for `%s`', (words, asked) => {
  expect(askedWords(createProgram(commands), words.split(' ')).join(' ')).toBe(asked);
});
