/** Entry point: runs the command line, and gives commander's own errors our exit codes. */
import { CommanderError } from 'commander';
import { endWithReader } from '../lib/process/shutdown.js';
import { loadCommands } from './commands/command-table.js';
import { rememberCommandName } from './output/command-name.js';
import { askedWords, createProgram } from './program.js';

rememberCommandName();
endWithReader();

const words = process.argv.slice(2);
const commands = await loadCommands(words);

// A command runs until it has a result. Neither a request that Node has lost (its connection was reset) nor the time limit
// of one keeps a process running: it would end with 0 and without a word.
const running = setInterval(() => {}, 60_000);
try {
  const program = createProgram(commands);
  await program.parseAsync(askedWords(program, words), { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
} finally {
  clearInterval(running);
}
