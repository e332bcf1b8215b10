/** What `--help` says: of the program, of every group and of every command. */
import { afterAll, describe, expect, test } from 'vitest';
import { Box } from '../support/box.js';
import { runCli } from '../support/cli.js';
import { CommandTranscript } from './command-transcript.js';

const box = new Box();
afterAll(() => box.close());
const run = (args: string[]) => runCli(args, box);

const GROUPS = {
  program: ['', 'help'],
  demo: ['demo'],
  up: ['up'],
  top: ['top'],
  down: ['down'],
  status: ['status'],
  doctor: ['doctor'],
  tail: ['tail'],
  logs: ['logs'],
  ask: ['plot', 'history', 'query', 'export'],
  deploy: [
    'deploy',
    'deploy publisher',
    'deploy module',
    'deploy proxy',
    'deploy puller',
    'deploy relay',
    'deploy config-updater',
  ],
  stop: ['stop', 'stop publisher', 'stop module', 'stop proxy', 'stop puller', 'stop relay'],
  config: ['config', 'config set', 'config unset', 'config show', 'config edit'],
  region: ['region', 'region disconnect', 'region reconnect'],
  settings: ['settings'],
  files: ['shell', 'render', 'init', 'build', 'build wasm'],
  images: ['images', 'images build', 'images push'],
  proxy: ['proxy', 'proxy serve'],
  puller: ['puller', 'puller serve'],
  queue: [
    ...['queue', 'queue serve', 'queue status', 'queue peek', 'queue dead-letters', 'queue replay', 'queue purge'],
  ],
  relay: ['relay', 'relay serve'],
  sensors: ['sensors', 'sensors token', 'sensors revoke', 'sensors serve'],
  store: ['store', 'store copy'],
  token: ['token', 'token rotate'],
} as const;

describe.each(Object.entries(GROUPS))('%s', (name, commands) => {
  test('--help', async () => {
    const transcript = new CommandTranscript([]);
    for (const command of commands) {
      const args = command === 'help' ? ['help'] : [...command.split(' ').filter(Boolean), '--help'];
      transcript.add(args, await run(args));
    }
    await transcript.matches(`help/${name}`);
  });
});

/** The commands of a help text, under whichever heading. */
function listed(help: string): string[] {
  const lists = help
    .split('\n\n')
    .filter((part) => !/^(Usage|Options|Start here|Examples|\nExamples)/.test(part.trim()));
  return lists.flatMap((list) => list.split('\n').flatMap((line) => /^ {2}([a-z][a-z-]*)/.exec(line)?.[1] ?? []));
}

test('no command is missing here', async () => {
  const found: string[] = [];
  const groups = listed((await run(['--help'])).stdout).filter((word) => word !== 'help');
  expect(groups.length).toBeGreaterThan(10);
  for (const group of groups) {
    const words = listed((await run([group, '--help'])).stdout).filter((word) => word !== 'help');
    found.push(group, ...words.map((word) => `${group} ${word}`));
  }
  const recorded = Object.values(GROUPS).flat() as string[];
  expect(found.filter((command) => !recorded.includes(command))).toEqual([]);
  // Hidden ones are not listed.
  expect(recorded.filter((command) => !['', 'help', ...found].includes(command))).toEqual(['sensors serve']);
});

test('the version', async () => {
  const transcript = new CommandTranscript([[/^\d+\.\d+\.\d+$/m, '<version>']]);
  for (const args of [['--version'], ['-V']]) transcript.add(args, await run(args));
  await transcript.matches('help/version');
});
