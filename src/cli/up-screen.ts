/** What `up` shows while it runs: a live view on a terminal, lines otherwise, only notes in the background. */
import type { FleetClient } from '../puller/fleet-client.js';
import { LiveView } from './output/live-view.js';
import type { Output } from './output/output.js';
import { eventLine } from './output/reading-lines.js';

export interface Screen {
  note(text: string): void;
  /** What `up` waits for. */
  progress(text: string): void;
  close(): void;
}

export interface ScreenOptions {
  kind: string;
  endpoints: Record<string, string>;
  fleet: FleetClient;
  /** Unix milliseconds; readings since then are shown. */
  since: number;
}

/** Follows the puller until it is closed; a puller that restarts is followed again. */
export function openScreen(out: Output, { kind, endpoints, fleet, since }: ScreenOptions): Screen {
  const tty = process.stdout.isTTY && out.mode === 'text';
  const heading = [
    `${out.style.bold('wasm-sensors')}  ${kind} network`,
    ...Object.entries(endpoints).map(([name, url]) => `  ${name.padEnd(7)} ${url}`),
    out.style.dim(
      "  in another terminal: wasm-sensors deploy publisher --color '#00ff88' | tail | status | down; Ctrl-C stops it all",
    ),
  ];
  const view = tty ? new LiveView(out.style, heading) : undefined;
  if (!view) for (const line of heading.slice(0, -1)) out.note(line);
  const closed = new AbortController();
  const follow = async () => {
    for (let from = since; !closed.signal.aborted; from = Date.now()) {
      try {
        for await (const event of fleet.events({ since: from, signal: closed.signal })) {
          if (view) view.show(event);
          else if (event.event !== 'summary') out.event(event, (style) => eventLine(event, style));
        }
      } catch {
        // The puller is away, or this terminal was too slow: go on with the next event.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  };
  // In the background a log of every reading would only grow.
  if (!process.connected) void follow();
  return {
    note: (text) => (view ? view.note(text) : out.note(text)),
    progress: (text) => (view ? view.progress(text) : out.progress(text)),
    close() {
      closed.abort();
      view?.close();
      out.settle();
    },
  };
}
