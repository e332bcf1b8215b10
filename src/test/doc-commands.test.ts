/** What a reader can copy from README.md and docs/ works: commands with options that they have, and scripts that exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { loadCommands } from '../cli/commands/command-table.js';
import { createProgram } from '../cli/program.js';

const commands = await loadCommands([]);

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Programs of others that pages may call: nothing here can tell whether their arguments are right. */
const OTHERS = [
  'aws',
  'bacalhau',
  'cd',
  'curl',
  'date',
  'docker',
  'git',
  'head',
  'jq',
  'kill',
  'pgrep',
  'prometheus',
  'rm',
  'source',
  'sqlite3',
];

/** The command lines of a page: `bash` blocks without comments, continued lines joined, pipes and lists taken apart. */
function commandLines(text: string): string[] {
  return [...text.matchAll(/^```bash\n(.*?)^```$/gms)]
    .flatMap(([, block]) => block!.replaceAll(/\\\n\s*/g, '').split('\n'))
    .flatMap((line) => wordsOf(line))
    .map((words) => words.join('\0'))
    .filter((line) => line !== '');
}

/** The words of each command on a line of a shell, those in `$(…)` and `<(…)` included; quotes and redirections are taken off. */
function wordsOf(text: string): string[][] {
  const line = text.replace(/ [<>] [\w./-]+/g, '');
  const inner = /[$<]\((.*?)\)/.exec(line);
  if (inner) return [...wordsOf(inner[1]!), ...wordsOf(line.replace(inner[0], 'RESULT'))];
  const lists: string[][] = [[]];
  for (const [, single, double, plain] of line.matchAll(/'([^']*)'|"([^"]*)"|((?:[^\s'"]|(?<=\S)'[^']*')+)/g)) {
    const word = single ?? double ?? plain!.replaceAll("'", '');
    if (plain?.startsWith('#')) break;
    if (plain !== undefined && /^(\||&&|;)$/.test(plain)) lists.push([]);
    // Variables before a command are part of its environment.
    else if (!(lists.at(-1)!.length === 0 && /^[A-Z_]+=/.test(word))) lists.at(-1)!.push(word);
  }
  return lists;
}

/** Why a command line can't be typed; undefined: it can. */
async function faultOf(words: string[]): Promise<string | undefined> {
  const [program = '', ...rest] = words[0] === 'npx' && words[1] === 'wasm-sensors' ? words.slice(1) : words;
  if (program === 'wasm-sensors') return parseFault(rest);
  if (program === 'npm') {
    const script = rest[0] === 'run' ? rest[1]! : rest[0]!;
    return ['ci', 'install'].includes(script) || script in scripts ? undefined : `there is no script ${script}`;
  }
  if (program === 'npx' && rest[0] === 'vitest') return undefined;
  return OTHERS.includes(program) ? undefined : `${program} is not known`;
}

const program = createProgram(commands);
/** It parses, and does nothing. */
function silence(command: Command): void {
  command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  if (command.commands.length === 0) command.action(() => {});
  command.commands.forEach(silence);
}
silence(program);

async function parseFault(words: string[]): Promise<string | undefined> {
  try {
    await program.parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test.each(pages)('%s: every command line can be typed', async (page) => {
  const faults: string[] = [];
  for (const line of commandLines(readFileSync(join(ROOT, page), 'utf8'))) {
    const fault = await faultOf(line.split('\0'));
    if (fault !== undefined) faults.push(`${line.replaceAll('\0', ' ')}: ${fault}`);
  }
  expect(faults).toEqual([]);
});

test('the README has the command lines that it is about', () => {
  const lines = commandLines(readFileSync(join(ROOT, 'README.md'), 'utf8')).map((line) => line.replaceAll('\0', ' '));
  expect(lines).toEqual(expect.arrayContaining(['npm ci', 'npx wasm-sensors up --deploy', 'head -3']));
});

test.each([
  ['wasm-sensors up --deplo', /unknown option '--deplo'/],
  ['npx wasm-sensors upp', /unknown command 'upp'/],
  ['wasm-sensors config set', /missing required argument/],
  ['wasm-sensors down | npm run nothing', /no script nothing/],
  ['X=1 wasm-sensors status -o yaml # a comment', /yaml/],
  ['teleport', /not known/],
])('`%s` is found', async (line, fault) => {
  const faults = [];
  for (const words of wordsOf(line)) faults.push(await faultOf(words));
  expect(faults.filter(Boolean).join()).toMatch(fault);
});
