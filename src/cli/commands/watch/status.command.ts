import { resolve } from 'node:path';
import { readStatus } from '../../../operations/read-status.js';
import { readRunState } from '../../../runtime/run-state.js';
import { openFleet, openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { statusDocument, statusText, unansweredText } from '../../output/status-text.js';
import { openProxies, TARGET_SETTINGS, targetOf } from '../../targets.js';
import { watchAgain, watchOption } from '../../watch-again.js';

export const status = command({
  name: 'status',
  summary: 'show what runs: nodes, jobs, sensors with their rates and gaps, and the depth of the queue',
  modes: ['text', 'json', 'ndjson'],
  settings: TARGET_SETTINGS,
  options: { everyMs: watchOption() },
  examples: [
    'wasm-sensors status --watch',
    'wasm-sensors status --watch 10 -o ndjson',
    'wasm-sensors status --puller-url http://10.0.0.5:9091',
  ],
  async action({ out, settings, options: { everyMs } }) {
    const read = async () => {
      const { stateDir, pullerUrl, proxies } = settings;
      // Only documents have each sensor.
      const withSensors = out.mode !== 'text';
      if (pullerUrl !== undefined && !readRunState(resolve(stateDir))?.alive) {
        const known = proxies === undefined ? [] : openProxies(settings);
        const found = await readStatus({ fleet: openFleet(settings), proxies: known, stateDir }, withSensors);
        return { state: { endpoints: { puller: pullerUrl } }, found };
      }
      const session = openSession(settings);
      const target = { ...targetOf(session, settings), network: await session.network(), stateDir };
      return { state: session.state, found: await readStatus(target, withSensors) };
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
