import type { Settings } from '../../../config/settings.js';
import { keptByJobs, type StopTarget, stopModule, stopPublisher } from '../../../operations/deploy/stop-jobs.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { confirmGivenUp } from '../../confirm.js';
import { regionsOption, takeOverOption, yesOption } from '../../options.js';
import { stopPublisherText } from '../../output/deploy-text.js';
import { stopModuleText } from '../../output/module-text.js';

export const stopPublisherCommand = command({
  name: 'stop publisher',
  summary: 'stop the sensors, and wait until no more readings arrive',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: { regions: regionsOption(), takeOver: takeOverOption(), yes: yesOption() },
  async action({ out, settings, options }) {
    const target = await openStopTarget(settings);
    await confirmGivenUp(out, await keptByJobs(target, { role: 'publisher', regions: options.regions }), options.yes);
    out.progress('stopping the publishers');
    const result = await stopPublisher(target, options);
    out.result(result, () => stopPublisherText(result));
  },
});

export const stopModuleCommand = command({
  name: 'stop module <name>',
  summary: 'stop a module that `deploy module` started',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: { regions: regionsOption(), takeOver: takeOverOption(), yes: yesOption() },
  async action({ out, settings, options, args: { name } }) {
    const target = await openStopTarget(settings);
    await confirmGivenUp(
      out,
      await keptByJobs(target, { role: 'module', name, regions: options.regions }),
      options.yes,
    );
    const result = await stopModule(target, name, options);
    out.result(result, () => stopModuleText(result));
  },
});

async function openStopTarget(settings: Settings): Promise<StopTarget> {
  const { network, fleet, token } = openSession(settings);
  return { network: await network(), fleet, token };
}
