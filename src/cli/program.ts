/** The commander program: its help texts, and which commands it has. */
import { Command } from 'commander';
import { packageVersion } from '../lib/process/self-command.js';
import { addCommand, type CommandSpec } from './command.js';
import { withCommandName } from './output/command-name.js';

/**
 * `up` and the services that it starts, four at the same time on few processors, load only their own command: all of them
 * together take 100 ms.
 */
const LOADED_ALONE = new Map<string, () => Promise<CommandSpec>>([
  ['up', async () => (await import('./commands/up/up.command.js')).up],
  ['proxy serve', async () => (await import('./commands/serve/proxy-serve.command.js')).proxyServe],
  ['puller serve', async () => (await import('./commands/serve/puller-serve.command.js')).pullerServe],
  ['queue serve', async () => (await import('./commands/serve/queue-serve.command.js')).queueServe],
  ['sensors serve', async () => (await import('./commands/serve/sensors-serve.command.js')).sensorsServe],
]);

/** The commands that a command line needs. `words`: the arguments of the program. */
export async function loadCommands(words: string[]): Promise<CommandSpec[]> {
  const load = LOADED_ALONE.get(words[0] ?? '') ?? LOADED_ALONE.get(words.slice(0, 2).join(' '));
  return load ? [await load()] : (await import('./commands/all-commands.js')).commands;
}

const START_HERE = `
Start here:
  wasm-sensors demo                                a guided tour: what this can do, step by step
  wasm-sensors up --deploy                         run everything in this terminal; Ctrl-C stops it
  wasm-sensors deploy publisher --color '#00ff88'  in a second terminal: the sensors change colour`;

export function createProgram(commands: CommandSpec[]): Command {
  const program = new Command('wasm-sensors')
    .description(
      'A fleet of WebAssembly sensors on Bacalhau edge nodes: from the first reading to Amazon SQS and your screen.',
    )
    .version(packageVersion(), '-V, --version')
    .enablePositionalOptions()
    .addHelpText('after', withCommandName(START_HERE));
  for (const command of commands) addCommand(program, command);
  throwInsteadOfExit(program);
  return program;
}

/** For every command: a group inherits nothing. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride().showHelpAfterError('Run with --help for the options.');
  for (const child of command.commands) throwInsteadOfExit(child);
}
