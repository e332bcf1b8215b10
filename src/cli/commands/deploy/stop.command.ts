import { stopModule } from '../../../operations/deploy/stop-module.js';
import { stopPublisher } from '../../../operations/deploy/stop-publisher.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { regionsOption, takeOverOption } from '../../options.js';
import { stopPublisherText } from '../../output/deploy-text.js';
import { stopModuleText } from '../../output/module-text.js';

export const stopPublisherCommand = command({
  name: 'stop publisher',
  summary: 'stop the sensors, and wait until no more readings arrive',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: { regions: regionsOption(), takeOver: takeOverOption() },
  async action({ out, settings, options: { regions, takeOver } }) {
    const session = openSession(settings);
    const { fleet, token } = session;
    out.progress('stopping the publishers');
    const result = await stopPublisher({ network: await session.network(), fleet, token }, regions, takeOver);
    out.result(result, () => stopPublisherText(result));
  },
});

export const stopModuleCommand = command({
  name: 'stop module <name>',
  summary: 'stop a module that `deploy module` started',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: { regions: regionsOption(), takeOver: takeOverOption() },
  async action({ out, settings, options, args: { name } }) {
    const session = openSession(settings);
    const { fleet, token } = session;
    const result = await stopModule({ network: await session.network(), fleet, token }, name, options);
    out.result(result, () => stopModuleText(result));
  },
});
