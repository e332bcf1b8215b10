/** The store that a command asks: the puller's, or a file. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { exitCodeOf, stopRequested } from '../lib/process/shutdown.js';
import type { StoreTarget } from '../operations/ask-store.js';
import { readRunState } from '../runtime/run-state.js';
import { openFleet } from '../runtime/session.js';
import type { CommandContext } from './command.js';

export const storeOption = () =>
  new Option('--store <file>', 'read this store, instead of asking the puller; `up` need not run');

/** Of a network that is down, the store that it left in the state folder. */
export function storeTarget({ settings, options, out }: CommandContext): StoreTarget {
  if (options.store !== undefined) return resolve(String(options.store));
  const stateDir = resolve(settings.stateDir);
  const left = join(stateDir, 'readings.db');
  if (settings.pullerUrl === undefined && !readRunState(stateDir)?.alive && existsSync(left)) {
    out.note(`no network is up in this folder; reading ${join(settings.stateDir, 'readings.db')}`);
    return left;
  }
  return openFleet(settings);
}

/** Runs `work` until Ctrl-C, or until nobody reads its output; resolves with the exit code. */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new AbortController();
  let code = 0;
  void stopRequested({ supervised: false }).then((reason) => {
    code = exitCodeOf(reason);
    stop.abort();
  });
  try {
    await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    // What was not read to its end.
    stop.abort();
  }
  return code;
}
