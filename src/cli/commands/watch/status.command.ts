import { readStatus } from '../../../operations/read-status.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
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
  async action({ out, settings, options: { everyMs } }) {
    const read = async () => {
      const session = openSession(settings);
      const { stateDir } = settings;
      const target = { ...targetOf(session, settings), network: await session.network(), stateDir };
      // Only documents have each sensor.
      const found = await readStatus(target, out.mode !== 'text');
      return { state: session.state, found };
    };
    type Found = Awaited<ReturnType<typeof read>>;
    const report = ({ state, found }: Found) => {
      for (const service of found.unanswered) out.warn(unansweredText(service));
      out.result(statusDocument(state, found), (style) => statusText(state, found, style));
    };
    const text = ({ state, found }: Found) => {
      const warnings = found.unanswered.map((service) => `! ${unansweredText(service)}\n`);
      return warnings.join('') + statusText(state, found, out.style);
    };
    return watchAgain(out, everyMs, { read, report, text });
  },
});
