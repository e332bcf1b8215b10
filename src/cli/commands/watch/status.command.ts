import { readStatus, type Status } from '../../../operations/read-status.js';
import type { RunState } from '../../../runtime/run-state.js';
import { openSession } from '../../../runtime/session.js';
import { type CommandContext, command } from '../../command.js';
import { statusDocument, statusText, unansweredText } from '../../output/status-text.js';
import { targetOf } from '../../targets.js';
import { watchAgain, watchOption } from '../../watch-again.js';

export const status = command({
  name: 'status',
  summary: 'show what runs: nodes, jobs, sensors with their rates and gaps, and the depth of the queue',
  modes: ['text', 'json', 'ndjson'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken', 'tlsCa'],
  options: { everyMs: watchOption() },
  examples: ['wasm-sensors status --watch', 'wasm-sensors status --watch 10 -o ndjson'],
  async action(context) {
    const { out, options } = context;
    if (options.everyMs === undefined) {
      report(context, await read(context));
      return;
    }
    return watchAgain(out, options.everyMs, {
      read: () => read(context),
      report: (found) => report(context, found),
      text: ({ state, found }) => {
        const warnings = found.unanswered.map((service) => `! ${unansweredText(service)}\n`);
        return warnings.join('') + statusText(state, found, out.style);
      },
    });
  },
});

interface Found {
  state: RunState;
  found: Status;
}

async function read({ settings }: Pick<CommandContext, 'settings'>): Promise<Found> {
  const session = openSession(settings);
  const { stateDir } = settings;
  const found = await readStatus({ ...targetOf(session, settings), network: await session.network(), stateDir });
  return { state: session.state, found };
}

function report({ out }: Pick<CommandContext, 'out'>, { state, found }: Found): void {
  for (const service of found.unanswered) out.warn(unansweredText(service));
  out.result(statusDocument(state, found), (style) => statusText(state, found, style));
}
