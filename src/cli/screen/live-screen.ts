/** The live view: follows what runs, draws it, and does what the keys say. */
import type { Output } from '../output/output.js';
import { showsUnicode } from '../output/terminal-text.js';
import { type FeedSources, feed } from './feed.js';
import { bodyHeight, frame } from './frame.js';
import { type ActionTarget, perform } from './perform.js';
import { addNote, noData } from './screen-data.js';
import { type Effect, firstState, type Key, press } from './screen-state.js';
import { Terminal } from './terminal.js';
import { targetOf } from './views.js';

export interface ScreenOptions extends FeedSources, Pick<ActionTarget, 'network' | 'annotate' | 'page'> {
  /** Kind of network. */
  kind: string;
  /** Asked before the screen closes; undefined where nobody loses anything. */
  quitQuestion: string | undefined;
  /** Called when the operator quits with the key. */
  onQuit(): void;
}

export interface LiveScreen {
  note(text: string): void;
  /** What is waited for, until the next note. */
  progress(text: string): void;
  /** The terminal is as it was before. */
  close(): void;
}

/** At most so often, however many readings arrive. */
const DRAW_EVERY_MS = 100;
/** Drawing takes at most a fifth of the time, also where tens of thousands of sensors are filtered. */
const PAUSE_FACTOR = 4;
/** Times and ages go on without events. */
const TICK_MS = 1000;

export function openLiveScreen(out: Pick<Output, 'style'>, options: ScreenOptions): LiveScreen {
  const data = noData(Date.now());
  const unicode = showsUnicode();
  let state = firstState();
  let drawing: NodeJS.Timeout | undefined;
  const closed = new AbortController();
  let drawEveryMs = DRAW_EVERY_MS;
  const draw = () => {
    const began = performance.now();
    clearTimeout(drawing);
    drawing = undefined;
    const { kind, attached } = options;
    const lines = frame({
      data,
      state,
      ...terminal.size,
      style: out.style,
      unicode,
      kind,
      page: options.page(),
      interrupt: attached ? 'leaves' : 'stops everything',
      now: Date.now(),
    });
    terminal.draw(lines);
    drawEveryMs = Math.max(DRAW_EVERY_MS, (performance.now() - began) * PAUSE_FACTOR);
  };
  const onChange = () => {
    if (!closed.signal.aborted) drawing ??= setTimeout(draw, drawEveryMs);
  };
  const reports = {
    note(text: string) {
      addNote(data, text, Date.now());
      onChange();
    },
    progress(text: string) {
      data.progress = text;
      onChange();
    },
  };
  const cause = (effect: Effect) => {
    if (effect.type === 'quit') options.onQuit();
    else if (effect.type === 'interrupt') process.kill(process.pid, 'SIGINT');
    else if (effect.type === 'suspend') terminal.suspend();
    else void perform(effect, options, reports);
  };
  const onKey = (key: Key) => {
    const { quitQuestion } = options;
    const outcome = press(state, key, { data, quitQuestion, page: bodyHeight(terminal.size.rows) });
    state = outcome.state;
    if (outcome.hint !== undefined) reports.note(outcome.hint);
    if (outcome.effect) cause(outcome.effect);
    draw();
  };
  const terminal = new Terminal({ onKey, onResize: draw, onStderr: reports.note });
  terminal.open();
  draw();
  const ticking = setInterval(onChange, TICK_MS);
  feed({
    ...options,
    data,
    onChange,
    closed: closed.signal,
    wanted: () => ({ sensors: state.view === 'sensors', service: targetOf(state, data).service }),
  });
  return {
    ...reports,
    close() {
      closed.abort();
      clearInterval(ticking);
      clearTimeout(drawing);
      terminal.close();
    },
  };
}
