/** Entry point: runs the command line, and gives commander's own errors our exit codes. */
import { CommanderError } from 'commander';
import { endWithReader } from '../lib/process/shutdown.js';
import { createProgram, loadCommands } from './program.js';

const program = createProgram(await loadCommands(process.argv.slice(2)));

endWithReader();

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
