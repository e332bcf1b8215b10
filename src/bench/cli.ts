/** Runs the CLI as benchmarks and tests need it. */
import { execa } from 'execa';
import { freePort } from '../lib/ports.js';
import { selfCommand } from '../lib/self.js';

/** Runs a command to its end; gives its stdout, rejects when it fails. */
export async function runCli(cwd: string, words: string[], env: Record<string, string> = {}): Promise<string> {
  const { command, args } = selfCommand(words);
  const { stdout } = await execa(command, args, { cwd, env, stdin: 'ignore' });
  return stdout;
}

/** Flags of `up` with free ports. */
export async function freePortFlags(): Promise<string[]> {
  return [
    '--port',
    String(await freePort()),
    '--puller-port',
    String(await freePort()),
    '--queue-port',
    String(await freePort()),
  ];
}
