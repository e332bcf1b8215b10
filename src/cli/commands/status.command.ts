import { setTimeout as sleep } from 'node:timers/promises';
import { Option } from 'commander';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { exitCodeOf, stopRequested } from '../../lib/process/shutdown.js';
import { readStatus, type Status } from '../../operations/read-status.js';
import type { RunState } from '../../runtime/run-state.js';
import { openSession } from '../../runtime/session.js';
import type { CommandContext, CommandSpec } from '../command.js';
import { integerOption } from '../command-options.js';
import { targetOf } from '../open-config-target.js';
import { isScreen, loadWatchScreen } from '../open-screen.js';
import { statusDocument, statusText, unansweredText } from '../output/status-text.js';

export const status: CommandSpec = {
  name: 'status',
  summary: 'show what runs: nodes, jobs, sensors with their rates and gaps, and the depth of the queue',
  modes: ['text', 'json', 'ndjson'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken', 'tlsCa'],
  options: [new Option('-w, --watch [seconds]', 'look again and again, by default every 2 s; q or Ctrl-C ends it')],
  examples: ['wasm-sensors status --watch', 'wasm-sensors status --watch 10 -o ndjson'],
  async action(context) {
    const { out, options } = context;
    if (options.watch === undefined) {
      report(context, await look(context));
      return 0;
    }
    if (out.mode === 'json') {
      throw new AppError('BAD_OPTION', '-o json prints one document, and --watch has many', {
        hint: 'Use -o ndjson: one document a line.',
      });
    }
    const everyMs = (options.watch === true ? 2 : integerOption(options.watch, '--watch', 1)!) * 1000;
    return watch(context, everyMs);
  },
};

interface Looked {
  state: RunState;
  found: Status;
}

async function look({ settings }: CommandContext): Promise<Looked> {
  const session = openSession(settings);
  const found = await readStatus({ ...targetOf(session, settings), network: await session.network() });
  return { state: session.state, found };
}

function report({ out }: CommandContext, { state, found }: Looked): void {
  for (const service of found.unanswered) out.warn(unansweredText(service));
  out.result(statusDocument(state, found), (style) => statusText(state, found, style));
}

/** On a terminal the newest status is the screen; elsewhere each follows the one before. Resolves with the exit code. */
async function watch(context: CommandContext, everyMs: number): Promise<number> {
  const { out } = context;
  // What can't be read at all is no status to watch.
  const first = await look(context);
  const screen = isScreen() && out.mode === 'text' ? await loadWatchScreen(out) : undefined;
  const stopped = new AbortController();
  const stop = Promise.race([
    stopRequested({ supervised: false }).then(exitCodeOf),
    ...(screen ? [screen.left.then(() => 0)] : []),
  ]).finally(() => stopped.abort());
  const show = (looked: Looked) => {
    if (!screen) return report(context, looked);
    const warnings = looked.found.unanswered.map((service) => `! ${unansweredText(service)}\n`);
    screen.show(warnings.join('') + statusText(looked.state, looked.found, out.style));
  };
  const watching = async () => {
    show(first);
    for (;;) {
      await sleep(everyMs, undefined, { signal: stopped.signal });
      await look(context).then(show, (error: unknown) => {
        if (!screen) throw error;
        screen.show(`error: ${messageOf(error)}`);
      });
    }
  };
  const failed = watching().catch((error: unknown) => {
    if (stopped.signal.aborted) return stop;
    throw error;
  });
  try {
    return await Promise.race([stop, failed]);
  } finally {
    screen?.close();
  }
}
