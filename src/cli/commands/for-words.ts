/**
 * The commands that a command line needs. `up` and the services that it starts, four at the same time on few processors,
 * load their own command only: all of them together take 100 ms.
 */
import type { CommandSpec } from '../command.js';

const ALONE = new Map<string, () => Promise<CommandSpec>>([
  ['up', async () => (await import('./up.js')).up],
  ['proxy serve', async () => (await import('./proxy-serve.js')).proxyServe],
  ['puller serve', async () => (await import('./puller-serve.js')).pullerServe],
  ['queue serve', async () => (await import('./queue-serve.js')).queueServe],
  ['sensors serve', async () => (await import('./sensors-serve.js')).sensorsServe],
]);

/** `words`: the arguments of the program. */
export async function commandsFor(words: string[]): Promise<CommandSpec[]> {
  const load = ALONE.get(words[0] ?? '') ?? ALONE.get(words.slice(0, 2).join(' '));
  return load ? [await load()] : (await import('./index.js')).commands;
}
