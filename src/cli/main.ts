/** Entry point: declares every command and turns commander's own errors into ours. */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../lib/process/self-command.js';
import { endWithReader } from '../lib/process/shutdown.js';
import { addCommand } from './command.js';
import { loadCommands } from './load-command.js';

const program = new Command('wasm-sensors')
  .description(
    'A fleet of WebAssembly sensors on Bacalhau edge nodes: from the first reading to Amazon SQS and your screen.',
  )
  .version(packageVersion(), '-V, --version')
  .showHelpAfterError('Run with --help for the options.')
  .exitOverride()
  .enablePositionalOptions()
  .addHelpText(
    'after',
    "\nStart here:\n  wasm-sensors up --deploy                        everything in this terminal; Ctrl-C ends it\n  wasm-sensors deploy publisher --color '#00ff88'  in a second one: the sensors change colour",
  );
for (const command of await loadCommands(process.argv.slice(2))) addCommand(program, command);
inheritExits(program);

endWithReader();

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}

/** `exitOverride` does not reach commands that exist already. */
function inheritExits(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride().showHelpAfterError('Run with --help for the options.');
    inheritExits(child);
  }
}
