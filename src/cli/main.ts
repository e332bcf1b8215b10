/** Entry point: runs the command line, and gives commander's own errors our exit codes. */
import { CommanderError } from 'commander';
import { endWithReader } from '../lib/process/shutdown.js';
import { loadCommands } from './commands/command-table.js';
import { rememberCommandName } from './output/command-name.js';
import { createProgram } from './program.js';

rememberCommandName();
endWithReader();

const commands = await loadCommands(process.argv.slice(2));
const words = process.argv.length === 2 && process.stdin.isTTY && process.stdout.isTTY ? await menu() : undefined;
if (words) process.argv.push(...words);

/** Exits when the user leaves it, as after Ctrl-C. */
async function menu(): Promise<string[]> {
  const { askForCommand } = await import('./menu.js');
  return (await askForCommand(commands.map(({ name }) => name))) ?? process.exit(130);
}

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
