import { readStatus } from '../../operations/read-status.js';
import { openSession } from '../../runtime/session.js';
import type { CommandSpec } from '../command.js';
import { targetOf } from '../open-config-target.js';
import { statusDocument, statusText, unansweredText } from '../output/status-text.js';

export const status: CommandSpec = {
  name: 'status',
  summary: 'show what runs: nodes, jobs, sensors with their rates and gaps, and the depth of the queue',
  modes: ['text', 'json'],
  settings: ['stateDir', 'pullerUrl', 'token', 'viewerToken', 'tlsCa'],
  async action({ out, settings }) {
    const session = openSession(settings);
    const found = await readStatus({ ...targetOf(session, settings), network: await session.network() });
    for (const service of found.unanswered) out.warn(unansweredText(service));
    out.result(statusDocument(session.state, found), (style) => statusText(session.state, found, style));
    return 0;
  },
};
