/** `--watch`: a command that reads again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import * as option from './options.js';
import type { Output } from './output/output.js';
import { loadWatchScreen } from './screens.js';
import { StopSignal } from './stop-signal.js';

export const watchOption = () =>
  option
    .value('-w, --watch [seconds]', 'look again and again, by default every 2 s; q or Ctrl-C ends it', option.seconds)
    .alone('2');

export interface Watched<Found> {
  read(): Promise<Found>;
  /** Prints it, where there is no screen. */
  report(found: Found): void;
  text(found: Found): string;
}

/**
 * Once without `everyMs`. On a terminal the newest is the screen; elsewhere each follows the one before. Resolves with the exit
 * code. Throws `BAD_OPTION` with `-o json`.
 */
export async function watchAgain<Found>(out: Output, everyMs: number | undefined, watched: Watched<Found>) {
  if (everyMs === undefined) {
    watched.report(await watched.read());
    return 0;
  }
  if (out.mode === 'json') {
    throw new AppError('BAD_OPTION', '-o json prints one document, and --watch has many', {
      hint: 'Use -o ndjson: one document a line.',
    });
  }
  // What can't be read at all is nothing to watch.
  const first = await watched.read();
  const stop = new StopSignal();
  const screen = await loadWatchScreen(out, stop.request);
  const show = (found: Found) => (screen ? screen.show(watched.text(found)) : watched.report(found));
  const watching = async () => {
    show(first);
    for (;;) {
      await sleep(everyMs, undefined, { signal: stop.signal });
      await watched.read().then(show, (error: unknown) => {
        if (!screen) throw error;
        screen.show(`error: ${messageOf(error)}`);
      });
    }
  };
  try {
    await Promise.race([stop.requested, watching()]);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    screen?.close();
  }
  return stop.exitCode;
}
