import { stopPublisher } from '../../../operations/deploy/stop-publisher.js';
import { openSession } from '../../../runtime/session.js';
import type { CommandSpec } from '../../command.js';
import { regionsOption, takeOverOption } from '../../command-options.js';
import { stopPublisherText } from '../../output/deploy-text.js';

export const stopPublisherCommand: CommandSpec = {
  name: 'stop publisher',
  summary: 'stop the sensors, and wait until no more readings arrive',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: [regionsOption(), takeOverOption()],
  async action({ out, settings, options }) {
    const session = openSession(settings);
    const { fleet, token } = session;
    out.progress('stopping the publishers');
    const target = { network: await session.network(), fleet, token };
    const result = await stopPublisher(target, options.region as string[] | undefined, options.takeOver === true);
    out.result(result, () => stopPublisherText(result));
    return 0;
  },
};
