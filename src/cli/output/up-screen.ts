/** What `up` shows while it runs: a live view on a terminal, lines otherwise, only notes in the background. */
import { createLogUpdate } from 'log-update';
import type { FleetEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { printable } from '../../lib/control-characters.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { withCommandName } from './command-name.js';
import { eventLine, summaryTable } from './fleet-text.js';
import type { Output } from './output.js';
import type { Style } from './terminal-text.js';
import { endpointLines, nextCommandsText } from './up-text.js';

export interface Screen {
  note(text: string): void;
  /** What `up` waits for. */
  progress(text: string): void;
  close(): void;
}

export interface ScreenOptions {
  kind: string;
  endpoints: object;
  fleet: Pick<FleetClient, 'events'>;
  /** Unix milliseconds; readings since then are shown. */
  since: number;
  /** Whether it looks at an `up` of another terminal. */
  attached?: boolean;
}

const RETRY_MS = 200;

/** Follows the puller until it is closed; also one that restarts. */
export function openScreen(out: Output, { kind, endpoints, fleet, since, attached = false }: ScreenOptions): Screen {
  const tty = process.stdout.isTTY && out.mode === 'text';
  const heading = [
    `${out.style.bold('wasm-sensors')}  ${kind} network`,
    ...endpointLines(endpoints).map((line) => `  ${line}`),
  ];
  const view = tty
    ? new LiveView(out.style, [...heading, out.style.dim(`  ${nextCommandsText(attached)}`)])
    : undefined;
  if (!view) for (const line of heading) out.note(line);
  const closed = new AbortController();
  const show = (event: FleetEvent) => {
    if (view) view.show(event);
    else if (event.event !== 'summary') out.event(event, (style) => eventLine(event, style));
  };
  const follow = async () => {
    for (let from = since; !closed.signal.aborted; from = Date.now()) {
      try {
        for await (const event of fleet.events({ since: from, signal: closed.signal })) show(event);
      } catch {
        // The puller is away for long, or this terminal was too slow: continue with what comes next.
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };
  // In the background nobody looks, and a log of every reading would grow without end.
  if (!process.connected) void follow();
  return {
    note: (text) => (view ?? out).note(text),
    progress: (text) => (view ?? out).progress(text),
    close() {
      closed.abort();
      view?.close();
      out.endProgress();
    },
  };
}

const REDRAW_EVERY_MS = 100;
const READINGS = 12;
const NOTES = 5;

/** The summary, the newest readings under it, and what happened. */
class LiveView {
  readonly #draw = createLogUpdate(process.stdout, { showCursor: true });
  readonly #style: Style;
  readonly #heading: string;
  #summary: FleetSummary | undefined;
  #lines: string[] = [];
  #notes: string[] = [];
  #waitingFor = '';
  #timer: NodeJS.Timeout | undefined;

  /** `heading`: what runs and where, and what to do next. */
  constructor(style: Style, heading: string[]) {
    this.#style = style;
    this.#heading = withCommandName(heading.join('\n'));
  }

  show(event: FleetEvent): void {
    if (event.event === 'summary') this.#summary = event.summary;
    else this.#lines = [...this.#lines, eventLine(event, this.#style) ?? ''].slice(-READINGS);
    this.#schedule();
  }

  /** Something that happened to the network, such as a restarted process. */
  note(text: string): void {
    this.#notes = [...this.#notes, withCommandName(text)].slice(-NOTES);
    this.#waitingFor = '';
    this.#schedule();
  }

  /** What `up` waits for, until the next note. */
  progress(text: string): void {
    this.#waitingFor = text;
    this.#schedule();
  }

  /** Leaves the last picture on the screen. */
  close(): void {
    clearTimeout(this.#timer);
    this.#render();
    this.#draw.done();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#render(), REDRAW_EVERY_MS);
  }

  #render(): void {
    this.#timer = undefined;
    const parts = [this.#heading];
    if (this.#summary?.regions.length) parts.push(summaryTable(this.#summary, this.#style));
    if (this.#lines.length > 0) parts.push(this.#lines.join('\n'));
    if (this.#notes.length > 0) parts.push(this.#notes.map((note) => this.#style.yellow(note)).join('\n'));
    if (this.#waitingFor !== '') parts.push(this.#style.dim(`… ${this.#waitingFor}`));
    this.#draw(printable(parts.join('\n\n'), this.#style.level > 0));
  }
}
