/** The commander program: its help texts, and which commands it has. */
import { Command } from 'commander';
import { packageVersion } from '../lib/process/self-command.js';
import { addCommand, type CommandSpec } from './command.js';
import { GROUPS, headingOf } from './commands/command-table.js';
import { withCommandName } from './output/command-name.js';

/** Short enough for 80 columns, also with `npx`. */
const START_HERE = `
Start here:
  wasm-sensors demo
      a guided tour: what this can do, step by step
  wasm-sensors up --deploy
      run everything in this terminal; Ctrl-C stops it
  wasm-sensors deploy publisher --color '#00ff88'
      in a second terminal: the sensors change colour`;

export function createProgram(commands: CommandSpec[]): Command {
  const program = new Command('wasm-sensors')
    .description(
      'A fleet of WebAssembly sensors on Bacalhau edge nodes: from the first reading to Amazon SQS and your screen.',
    )
    .version(packageVersion(), '-V, --version')
    .enablePositionalOptions()
    .addHelpText('after', withCommandName(START_HERE));
  for (const command of commands) addCommand(program, command);
  program.addHelpCommand(
    new Command('help').argument('[command]').description('display help for a command').helpGroup('Set-up:'),
  );
  for (const one of program.commands) {
    one.helpGroup(headingOf(one.name()));
    const purpose = GROUPS[one.name()];
    if (purpose !== undefined) one.description(purpose);
  }
  throwInsteadOfExit(program);
  return program;
}

/**
 * The words of a command line: `help up` is `up --help`. Nothing else than its name is said of a command that is not there,
 * so that commander suggests another one; with `--help` it would show the help of the program.
 */
export function askedWords(program: Command, words: string[]): string[] {
  const asked = words[0] === 'help' ? [...words.slice(1), '--help'] : words;
  let at = program;
  for (const word of asked) {
    if (word.startsWith('-') || at.commands.length === 0) break;
    const found = at.commands.find((one) => one.name() === word);
    if (!found) return asked.filter((other) => other !== '--help' && other !== '-h');
    at = found;
  }
  return asked;
}

/** For every command: a group inherits nothing. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride().showHelpAfterError('Run with --help for commands and options.');
  for (const child of command.commands) throwInsteadOfExit(child);
}
