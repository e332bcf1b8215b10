/** The live view: follows what runs, draws it, and does what the keys say, by the same operations as the commands. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { openPage } from '../../lib/process/open-page.js';
import type { Network } from '../../network/network.js';
import { changeConfig } from '../../operations/config/change-config.js';
import type { ConfigTarget } from '../../operations/config/config-target.js';
import { setRegionLink } from '../../operations/cut-region.js';
import { followEvents } from '../../operations/follow-events.js';
import { type LogsTarget, readLogs } from '../../operations/logs/read-logs.js';
import { scopeText } from '../../protocol/desired-config.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { valuesFrom } from '../desired-values.js';
import { convergedText, failedProxyText, setConfigText } from '../output/config-text.js';
import { bypassingText, linkProgressText } from '../output/status-text.js';
import { type Style, secondsText, showsUnicode } from '../output/terminal-text.js';
import { bodyHeight, frame } from './frame.js';
import { addNote, noData, record, type ScreenData, setSensors } from './screen-data.js';
import { type Effect, firstState, type Key, press } from './screen-state.js';
import { Terminal } from './terminal.js';

export interface ScreenOptions {
  /** Kind of network. */
  kind: string;
  fleet: FleetClient;
  /** Unix milliseconds; readings since then are shown. */
  since: number;
  /** The `up` is another terminal's: what it notes is in its log. */
  attached: boolean;
  logs: LogsTarget;
  /** Throws where the proxy is not known. */
  config(): ConfigTarget;
  /** Rejects with `NOT_UP` where no `up` runs in this folder. */
  network(): Promise<Network>;
  /** Tells the fleet view that a cut is intended. */
  annotate(annotation: { region: string; connected: boolean }): Promise<void>;
  /** Address of the page; '' where there is none. */
  page(): string;
  /** Asked before the screen closes; undefined where nobody loses anything. */
  quitQuestion: string | undefined;
  /** Called when the operator quits with the key. */
  onQuit(): void;
}

interface Reports {
  note(text: string): void;
  /** What is waited for, until the next note. */
  progress(text: string): void;
}

export interface LiveScreen extends Reports {
  /** The terminal is as it was before. */
  close(): void;
}

const DRAW_EVERY_MS = 200;
/** Drawing takes at most a fifth of the time, also where tens of thousands of sensors are filtered. */
const PAUSE_FACTOR = 4;
const ASK_EVERY_MS = 500;
/** A large fleet is a large answer: asking takes at most a tenth of the time. */
const ASK_PAUSE_FACTOR = 9;
const LOG_LINES = 200;
const CHANGE_TIMEOUT_MS = 30_000;
const LINK_TIMEOUT_MS = 150_000;

export function openLiveScreen({ style }: { style: Style }, options: ScreenOptions): LiveScreen {
  const { kind, attached, quitQuestion } = options;
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
      frame({ data, state, ...size, style, unicode, kind, attached, page: options.page(), now: Date.now() }),
    );
    drawing = setTimeout(draw, Math.max(DRAW_EVERY_MS, (performance.now() - began) * PAUSE_FACTOR));
  };
  const reports: Reports = {
    note: (text) => addNote(data, text, Date.now()),
    progress(text) {
      data.progress = text;
    },
  };
  const cause = (effect: Effect) => {
    if (effect.type === 'quit') options.onQuit();
    else if (effect.type === 'interrupt') process.kill(process.pid, 'SIGINT');
    else if (effect.type === 'suspend') terminal.suspend();
    else void perform(effect, options, reports);
  };
  const onKey = (key: Key) => {
    const outcome = press(state, key, { data, quitQuestion, page: bodyHeight(terminal.size.rows) });
    state = outcome.state;
    if (outcome.hint !== undefined) reports.note(outcome.hint);
    if (outcome.effect) cause(outcome.effect);
    draw();
  };
  const terminal = new Terminal({ onKey, onResize: draw, onStderr: reports.note });
  terminal.open();
  draw();
  void followEvents(options.fleet, options.since, closed.signal, (event) => record(data, event, Date.now()));
  void askAgain(options, data, () => state.view === 'sensors', closed.signal);
  if (attached) followNotes(options, data, closed.signal).catch(() => {});
  return {
    ...reports,
    close() {
      closed.abort();
      clearTimeout(drawing);
      terminal.close();
    },
  };
}

/** What does not answer is shown as it was; the title says for how long nothing was heard. */
async function askAgain(
  { fleet, config }: ScreenOptions,
  data: ScreenData,
  showsSensors: () => boolean,
  closed: AbortSignal,
): Promise<void> {
  const ask = async () => {
    data.stats = await fleet.stats();
    if (!showsSensors()) return;
    // The proxy may be unknown or away.
    const desired = (async () => config().proxies[0]?.state())().catch(() => undefined);
    setSensors(data, (await fleet.snapshot()).sensors);
    data.desired = (await desired) ?? data.desired;
  };
  while (!closed.aborted) {
    const began = performance.now();
    await ask().catch(() => {});
    const pause = Math.max(ASK_EVERY_MS, (performance.now() - began) * ASK_PAUSE_FACTOR);
    await sleep(pause, undefined, { signal: closed }).catch(() => {});
  }
}

async function followNotes({ logs }: ScreenOptions, data: ScreenData, signal: AbortSignal): Promise<void> {
  for await (const { text, time } of readLogs(logs, { services: ['up'], tail: LOG_LINES, follow: true, signal })) {
    addNote(data, `up: ${text}`, time);
  }
}

/** Does what a key asks for, and reports what was seen, or why it failed. Never rejects. */
export async function perform(
  effect: Effect,
  { config, network, annotate, page }: Pick<ScreenOptions, 'config' | 'network' | 'annotate' | 'page'>,
  { note, progress }: Reports,
): Promise<void> {
  try {
    if (effect.type === 'open-page') note(`${openPage(page()) ? 'opened' : 'open in a browser:'} ${page()}`);
    if (effect.type === 'change') {
      const { scope, field, text } = effect;
      const set = valuesFrom([`${field}=${text}`]);
      const name = scopeText(scope);
      progress(`${name}: ${field}=${text}`);
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
      note(`${name}: ${field}=${text}: ${setConfigText(scope, result)}`);
    }
    if (effect.type === 'link') {
      const { region, connected } = effect;
      progress(`${region}: ${connected ? 'reconnecting' : 'disconnecting'}`);
      const { reached, nodes, seconds, bypassing } = await setRegionLink(await network(), region, connected, {
        timeoutMs: LINK_TIMEOUT_MS,
        onSet: () => annotate({ region, connected }),
        onProgress: (now, of) => progress(`${region}: ${linkProgressText(now, of, connected)}`),
      });
      for (const job of bypassing ?? []) note(bypassingText(job));
      note(`${region}: ${linkProgressText(reached, nodes, connected)} (${secondsText(seconds)})`);
    }
  } catch (error) {
    const hint = error instanceof AppError && error.hint !== undefined ? ` ${error.hint}` : '';
    note(`error: ${messageOf(error)}.${hint}`);
  }
}
