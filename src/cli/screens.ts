/** What a command shows while it goes on: the live view on a terminal, lines otherwise, only notes in the background. */
import { followEvents } from '../operations/follow-events.js';
import { eventLine } from './output/fleet-text.js';
import type { Output } from './output/output.js';
import { endpointLines } from './output/up-text.js';
import type { LiveScreen, ScreenOptions } from './screen/live-screen.js';

export type { LiveScreen };

/** Whether stdout can show a screen. */
export const isScreen = (): boolean => process.stdout.isTTY === true && process.env.TERM !== 'dumb';

/** Whether a command shows the full screen, and not lines. */
export const showsScreen = (out: Output, plain = false): boolean => isScreen() && out.mode === 'text' && !plain;

/** Loads the live view only where it is shown: that takes 50 ms. The result opens it. */
export async function loadScreen(out: Output, plain = false): Promise<(options: ScreenOptions) => LiveScreen> {
  if (!showsScreen(out, plain)) return (what) => plainScreen(out, what);
  const { openLiveScreen } = await import('./screen/live-screen.js');
  return (options) => {
    out.endProgress();
    return openLiveScreen(out.style, options);
  };
}

/** The screen of `--watch`; undefined where lines are shown. */
export async function loadWatchScreen(out: Output, onQuit: () => void) {
  if (!showsScreen(out)) return undefined;
  const { openWatchScreen } = await import('./screen/watch-screen.js');
  return openWatchScreen(out.style, onQuit);
}

function plainScreen(out: Output, { kind, endpoints, fleet, since }: ScreenOptions): LiveScreen {
  out.note(`${out.style.bold('wasm-sensors')}  ${kind} network`);
  for (const line of endpointLines(endpoints())) out.note(`  ${line}`);
  const closed = new AbortController();
  // In the background nobody sees them, and a log of every reading would grow without end.
  if (!process.connected) {
    void followEvents(fleet, since, closed.signal, (event) => {
      if (event.event !== 'summary') out.event(event, (style) => eventLine(event, style));
    });
  }
  return {
    note: (text) => out.note(text),
    progress: (text) => out.progress(text),
    close() {
      closed.abort();
      out.endProgress();
    },
  };
}
