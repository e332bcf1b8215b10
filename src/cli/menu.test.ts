import { expect, test } from 'vitest';
import { loadCommands } from './commands/command-table.js';
import { menuEntries } from './menu.js';

const commands = await loadCommands([]);

const ALL = ['demo', 'up', 'top', 'doctor'];
const words = (known: string[], running?: string) => menuEntries(known, running).map((entry) => entry.words.join(' '));

test('where nothing runs it offers to start something', () => {
  expect(words(ALL)).toEqual(['demo', 'up --deploy', 'doctor', '--help']);
});

test('where a network runs it offers to look at it, by `top` where there is one', () => {
  expect(words(ALL, 'native')).toEqual(['top', 'demo', 'doctor', '--help']);
  expect(words(['demo', 'up'], 'native')).toEqual(['up', 'demo', '--help']);
  expect(menuEntries(ALL, 'native')[0]!.name).toContain('native');
});

test('what it offers are commands of this program', () => {
  const names = commands.map(({ name }) => name);
  expect(words(names)).toEqual(expect.arrayContaining(['demo', 'up --deploy', '--help']));
});
