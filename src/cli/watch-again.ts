/** `--watch`: a command that looks again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from 'commander';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { integerOption, type OptionValues } from './command-options.js';
import type { Output } from './output/output.js';
import { isScreen, loadWatchScreen } from './screens.js';
import { StopSignal } from './stop-signal.js';

export const watchOption = () =>
  new Option('-w, --watch [seconds]', 'look again and again, by default every 2 s; q or Ctrl-C ends it');

/** Milliseconds of a `--watch` that is given. */
export const everyMsOf = ({ watch }: OptionValues): number =>
  (watch === true ? 2 : integerOption(watch, '--watch', 1)!) * 1000;

export interface Watched<Found> {
  look(): Promise<Found>;
  /** Prints it, where there is no screen. */
  report(found: Found): void;
  /** What the screen shows. */
  text(found: Found): string;
}

/**
 * On a terminal the newest look is the screen; elsewhere each follows the one before. Resolves with the exit code. Throws
 * `BAD_OPTION` with `-o json`.
 */
export async function watchAgain<Found>(out: Output, everyMs: number, watched: Watched<Found>): Promise<number> {
  if (out.mode === 'json') {
    throw new AppError('BAD_OPTION', '-o json prints one document, and --watch has many', {
      hint: 'Use -o ndjson: one document a line.',
    });
  }
  // What can't be read at all is nothing to watch.
  const first = await watched.look();
  const screen = isScreen() && out.mode === 'text' ? await loadWatchScreen(out) : undefined;
  const stop = new StopSignal();
  void screen?.left.then(stop.request);
  const show = (found: Found) => (screen ? screen.show(watched.text(found)) : watched.report(found));
  const watching = async () => {
    show(first);
    for (;;) {
      await sleep(everyMs, undefined, { signal: stop.signal });
      await watched.look().then(show, (error: unknown) => {
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
