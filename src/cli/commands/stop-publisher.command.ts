import { stopPublisher } from '../../operations/stop-publisher.js';
import { openSession } from '../../runtime/session.js';
import type { CommandSpec } from '../command.js';
import { regionOption } from '../sensor-options.js';

export const stopPublisherCommand: CommandSpec = {
  name: 'stop publisher',
  summary: 'end the sensors, and wait until no reading comes any more',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: [regionOption()],
  async action({ out, settings, options }) {
    const session = openSession(settings);
    out.progress('stopping the publishers');
    const { stopped, quietSeconds } = await stopPublisher(
      await session.network(),
      session.fleet,
      options.region as string[] | undefined,
      session.token,
    );
    out.result({ stopped, quietSeconds }, () =>
      stopped.length > 0
        ? `stopped in ${stopped.join(', ')}; no reading for ${quietSeconds} s`
        : 'no publisher was running',
    );
    return 0;
  },
};
