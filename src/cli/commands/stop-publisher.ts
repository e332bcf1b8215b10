import { stopPublisher } from '../../network/deploy.js';
import type { CommandSpec } from '../command.js';
import { regionOption } from '../deploy-options.js';
import { openSession } from '../session.js';

export const stopPublisherCommand: CommandSpec = {
  name: 'stop publisher',
  summary: 'end the sensors, and wait until no reading comes any more',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: [regionOption()],
  async action({ out, settings, options }) {
    const session = openSession(settings);
    out.progress('stopping the publishers');
    const regions = options.region as string[] | undefined;
    const stopped = await stopPublisher(await session.network(), session.fleet, regions, session.token);
    out.result({ stopped }, () =>
      stopped.length > 0 ? `stopped in ${stopped.join(', ')}; no more readings` : 'no publisher was running',
    );
    return 0;
  },
};
