/** Entry point: runs the command line, and gives commander's own errors our exit codes. */
import { CommanderError } from 'commander';
import { endWithReader } from '../lib/process/shutdown.js';
import { loadCommands } from './commands/command-table.js';
import { rememberCommandName } from './output/command-name.js';
import { createProgram } from './program.js';

rememberCommandName();
endWithReader();

const commands = await loadCommands(process.argv.slice(2));

// A command runs until it has a result. Neither a request that Node has lost (its connection was reset) nor the time limit
// of one keeps a process running: it would end with 0 and without a word.
const running = setInterval(() => {}, 60_000);
try {
  await createProgram(commands).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
} finally {
  clearInterval(running);
}
