/** The live view: follows what runs, draws it, and does what the keys say, by the same operations as the commands. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config/settings.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { changeConfig } from '../../operations/config/change-config.js';
import { setRegionLink } from '../../operations/cut-region.js';
import { followEvents } from '../../operations/follow-events.js';
import { readLogs } from '../../operations/logs/read-logs.js';
import { scopeText } from '../../protocol/desired-config.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { openSession } from '../../runtime/session.js';
import { valuesFrom } from '../desired-values.js';
import { convergedText, failedProxyText, setConfigText } from '../output/config-text.js';
import { linkProgressText } from '../output/status-text.js';
import { type Style, secondsText, showsUnicode } from '../output/terminal-text.js';
import { logsTarget, openConfigTarget } from '../targets.js';
import { bodyHeight, frame } from './frame.js';
import { addNote, noData, record, type ScreenData, setSensors } from './screen-data.js';
import { type Effect, firstState, type Key, press, wordsOf } from './screen-state.js';
import { Terminal } from './terminal.js';

export interface ScreenOptions {
  settings: Settings;
  kind: string;
  /** They may change while the screen is open. */
  endpoints(): Record<string, string>;
  fleet: FleetClient;
  /** Unix milliseconds; readings since then are shown. */
  since: number;
  /** Asked before `q` closes the screen; left out where the `up` is another terminal's: what it notes is in its log. */
  quitQuestion?: string;
  /** Called when the operator quits with the key. */
  onQuit(): void;
}

/** What keys change. Fails with `NOT_UP` where no `up` runs in this folder, and nothing else says where it is. */
const reachOf = ({ settings, fleet }: ScreenOptions) => ({
  config: () => openConfigTarget(settings),
  network: () => openSession(settings).network(),
  /** Tells the fleet view that a cut is intended. */
  annotate: (annotation: { region: string; connected: boolean }) =>
    fleet.annotate(annotation, openSession(settings).token),
});
type Reach = ReturnType<typeof reachOf>;

export interface LiveScreen {
  note(text: string): void;
  /** What is waited for, until the next note. */
  progress(text: string): void;
  close(): void;
}

const DRAW_EVERY_MS = 200;
/** Drawing takes at most a fifth of the time, also where tens of thousands of sensors are filtered. */
const PAUSE_FACTOR = 4;
const ASK_EVERY_MS = 500;
/** A large fleet is a large answer: asking takes at most a tenth of the time. */
/** Nobody pages through more. */
const MAX_LISTED = 10_000;
const ASK_PAUSE_FACTOR = 9;
const LOG_LINES = 200;
const CHANGE_TIMEOUT_MS = 30_000;
const LINK_TIMEOUT_MS = 150_000;

export function openLiveScreen(style: Style, options: ScreenOptions): LiveScreen {
  const { kind, quitQuestion, settings, fleet } = options;
  const attached = quitQuestion === undefined;
  const reach = reachOf(options);
  const data = noData(Date.now());
  const unicode = showsUnicode();
  const closed = new AbortController();
  let state = firstState();
  let drawing: NodeJS.Timeout | undefined;
  const draw = () => {
    clearTimeout(drawing);
    const began = performance.now();
    const { size } = terminal;
    terminal.draw(
      frame({
        data,
        state,
        ...size,
        style,
        unicode,
        kind,
        attached,
        page: options.endpoints().puller ?? '',
        now: Date.now(),
      }),
    );
    drawing = setTimeout(draw, Math.max(DRAW_EVERY_MS, (performance.now() - began) * PAUSE_FACTOR));
  };
  const screen: LiveScreen = {
    note: (text) => addNote(data, text, Date.now()),
    progress(text) {
      data.progress = text;
    },
    close() {
      closed.abort();
      clearTimeout(drawing);
      terminal.close();
    },
  };
  const cause = (effect: Effect) => {
    if (effect.type === 'quit') options.onQuit();
    else void perform(effect, reach, screen);
  };
  const onKey = (key: Key) => {
    const outcome = press(state, key, { data, quitQuestion, page: bodyHeight(terminal.size.rows) });
    state = outcome.state;
    if (outcome.effect) cause(outcome.effect);
    draw();
  };
  const terminal = new Terminal({ onKey, onResize: draw, onStderr: screen.note });
  terminal.open();
  draw();
  void followEvents(fleet, options.since, closed.signal, (event) => record(data, event, Date.now()));
  void askAgain(fleet, reach, data, () => state.view === 'sensors', closed.signal);
  if (attached) followNotes(settings, data, closed.signal).catch(() => {});
  return screen;
}

/** What does not answer is shown as it was; the title says for how long nothing was heard. */
async function askAgain(
  fleet: FleetClient,
  { config }: Reach,
  data: ScreenData,
  showsSensors: () => boolean,
  closed: AbortSignal,
): Promise<void> {
  const ask = async () => {
    data.stats = await fleet.stats();
    if (!showsSensors()) return;
    // The proxy may be unknown or away.
    const desired = (async () => config().proxies[0]?.state())().catch(() => undefined);
    setSensors(data, (await fleet.snapshot({ limit: MAX_LISTED })).sensors);
    data.desired = (await desired) ?? data.desired;
  };
  while (!closed.aborted) {
    const began = performance.now();
    await ask().catch(() => {});
    const pause = Math.max(ASK_EVERY_MS, (performance.now() - began) * ASK_PAUSE_FACTOR);
    await sleep(pause, undefined, { signal: closed }).catch(() => {});
  }
}

async function followNotes(settings: Settings, data: ScreenData, signal: AbortSignal): Promise<void> {
  const query = { services: ['up'], tail: LOG_LINES, follow: true, signal };
  for await (const { text, time } of readLogs(logsTarget(settings), query)) addNote(data, `up: ${text}`, time);
}

/** Does what a key asks for, and reports what was seen, or why it failed. Never rejects. */
export async function perform(
  effect: Effect,
  { config, network, annotate }: Reach,
  { note, progress }: Pick<LiveScreen, 'note' | 'progress'>,
): Promise<void> {
  try {
    if (effect.type === 'change') {
      const { scope, words } = effect;
      const set = valuesFrom(wordsOf(words));
      const name = scopeText(scope);
      progress(`${name}: ${words}`);
      const result = await changeConfig(
        config(),
        scope,
        { set, unset: [], replace: false },
        {
          timeoutMs: CHANGE_TIMEOUT_MS,
          wait: true,
          onProgress: (seen) => progress(`${name}: ${convergedText(seen)}`),
          onFailed: (failed) => failed.map(failedProxyText).forEach(note),
        },
      );
      note(`${name}: ${words}: ${setConfigText(scope, result)}`);
    }
    if (effect.type === 'link') {
      const { region, connected } = effect;
      progress(`${region}: ${connected ? 'reconnecting' : 'disconnecting'}`);
      const { reached, nodes, seconds } = await setRegionLink(await network(), region, connected, {
        timeoutMs: LINK_TIMEOUT_MS,
        onSet: () => annotate({ region, connected }),
        onProgress: (now, of) => progress(`${region}: ${linkProgressText(now, of, connected)}`),
      });
      note(`${region}: ${linkProgressText(reached, nodes, connected)} (${secondsText(seconds)})`);
    }
  } catch (error) {
    const hint = error instanceof AppError && error.hint !== undefined ? ` ${error.hint}` : '';
    note(`error: ${messageOf(error)}.${hint}`);
  }
}
