import { setRegionLink } from '../../operations/cut-region.js';
import { keptIn } from '../../operations/kept-readings.js';
import { openSession } from '../../runtime/session.js';
import { command } from '../command.js';
import * as option from '../options.js';
import { keptText } from '../output/deploy-text.js';
import { linkProgressText, relayText } from '../output/status-text.js';
import { secondsText } from '../output/terminal-text.js';

export const regionDisconnect = regionCommand(
  'disconnect',
  false,
  'cut a region off; its sensors keep running, and they or their relay keep the readings',
);
export const regionReconnect = regionCommand(
  'reconnect',
  true,
  'restore the link of a region; its sensors, or their relay, deliver the readings that they kept',
);

function regionCommand(word: 'disconnect' | 'reconnect', connected: boolean, summary: string) {
  return command({
    name: `region ${word} <region>`,
    summary,
    options: { timeoutMs: option.timeout(150) },
    async action({ out, settings, options: { timeoutMs }, args: { region } }) {
      const session = openSession(settings);
      const network = await session.network();
      const kept = connected ? await keptIn(session.fleet, [region]).catch(() => undefined) : undefined;
      const result = await setRegionLink(network, region, connected, {
        timeoutMs,
        onSet: () => session.fleet.annotate({ region, connected }, session.token),
        onProgress: (reached, nodes) => out.progress(linkProgressText(reached, nodes, connected)),
      });
      out.result({ ...result, ...(kept ? { kept } : {}) }, () => {
        const text = `${linkProgressText(result.reached, result.nodes, connected)} (${secondsText(result.seconds)})`;
        if (result.relay) return `${text}; ${relayText(connected)}`;
        return kept?.readings ? `${text}; until then its ${keptText(kept)}` : text;
      });
    },
  });
}
