/** What a command shows while it goes on: the live view on a terminal, lines otherwise, only notes in the background. */
import type { Settings } from '../config/settings.js';
import { followEvents } from '../operations/follow-events.js';
import type { FleetClient } from '../puller/fleet-client.js';
import { openSession } from '../runtime/session.js';
import { eventLine } from './output/fleet-text.js';
import type { Output } from './output/output.js';
import { endpointLines } from './output/up-text.js';
import type { LiveScreen } from './screen/live-screen.js';
import type { WatchScreen } from './screen/watch-screen.js';
import { logsTarget, openConfigTarget } from './targets.js';

/** What deployments and events of `up` report to. */
export type Screen = LiveScreen;

export interface ScreenOptions {
  settings: Settings;
  kind: string;
  /** They may change while the screen is open. */
  endpoints(): Record<string, string>;
  fleet: FleetClient;
  /** Unix milliseconds; readings since then are shown. */
  since: number;
  /** It looks at an `up` of another terminal. */
  attached: boolean;
  /** Asked before `q` closes the screen; undefined where nobody loses anything. */
  quitQuestion?: string | undefined;
  onQuit(): void;
}

/** Whether stdout can show a screen. */
export const isScreen = (): boolean => process.stdout.isTTY === true && process.env.TERM !== 'dumb';

/** Whether a command shows the full screen, and not lines. */
export const showsScreen = (out: Output, plain = false): boolean => isScreen() && out.mode === 'text' && !plain;

/** Loads the live view only where it is shown: that takes 50 ms. The result opens it. */
export async function loadScreen(out: Output, plain = false): Promise<(options: ScreenOptions) => Screen> {
  if (!showsScreen(out, plain)) return (what) => plainScreen(out, what);
  const { openLiveScreen } = await import('./screen/live-screen.js');
  return ({ settings, kind, endpoints, fleet, since, attached, quitQuestion, onQuit }) => {
    out.endProgress();
    return openLiveScreen(out, {
      kind,
      fleet,
      since,
      attached,
      quitQuestion,
      onQuit,
      logs: logsTarget(settings),
      page: () => endpoints().puller ?? '',
      config: () => openConfigTarget(settings),
      network: () => openSession(settings).network(),
      annotate: (annotation) => fleet.annotate(annotation, openSession(settings).token),
    });
  };
}

function plainScreen(out: Output, { kind, endpoints, fleet, since }: ScreenOptions): Screen {
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

/** For a text that is looked at again and again. */
export async function loadWatchScreen(out: Output, onLeave: () => void): Promise<WatchScreen> {
  const { openWatchScreen } = await import('./screen/watch-screen.js');
  return openWatchScreen(out.style, onLeave);
}
