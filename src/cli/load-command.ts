/**
 * The commands that a command line needs. `up` and the services that it starts, four at the same time on few processors,
 * load their own command only: all of them together take 100 ms.
 */
import type { CommandSpec } from './command.js';

const ALONE = new Map<string, () => Promise<CommandSpec>>([
  ['up', async () => (await import('./commands/up.command.js')).up],
  ['proxy serve', async () => (await import('./commands/serve/proxy-serve.command.js')).proxyServe],
  ['puller serve', async () => (await import('./commands/serve/puller-serve.command.js')).pullerServe],
  ['queue serve', async () => (await import('./commands/serve/queue-serve.command.js')).queueServe],
  ['sensors serve', async () => (await import('./commands/serve/sensors-serve.command.js')).sensorsServe],
]);

/** `words`: the arguments of the program. */
export async function loadCommands(words: string[]): Promise<CommandSpec[]> {
  const load = ALONE.get(words[0] ?? '') ?? ALONE.get(words.slice(0, 2).join(' '));
  return load ? [await load()] : (await import('./commands/all-commands.js')).commands;
}
