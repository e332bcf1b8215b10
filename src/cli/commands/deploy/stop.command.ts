import type { Settings } from '../../../config/settings.js';
import { refuseProxyInUse, type ServiceRole, stopService } from '../../../operations/deploy/deploy-service.js';
import { foreignJobs, refuseForeign } from '../../../operations/deploy/job-owners.js';
import { keptByJobs, type StopTarget, stopModule, stopPublisher } from '../../../operations/deploy/stop-jobs.js';
import { openSession } from '../../../runtime/session.js';
import { type CommandSpec, command } from '../../command.js';
import { confirmGivenUp } from '../../confirm.js';
import * as option from '../../options.js';
import { stopModuleText, stopPublisherText } from '../../output/deploy-text.js';

export const stopPublisherCommand = command({
  name: 'stop publisher',
  summary: 'stop the sensors, and wait until no more readings arrive',
  options: { regions: option.regions(), takeOver: option.takeOver(), yes: option.yes() },
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
  options: { regions: option.regions(), takeOver: option.takeOver(), yes: option.yes() },
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

export const stopProxyCommand = stopServiceCommand('proxy', 'stop the proxy that runs as a service job');
export const stopPullerCommand = stopServiceCommand(
  'puller',
  'stop the puller service job; the one of `up` runs again',
);

function stopServiceCommand(role: ServiceRole, summary: string): CommandSpec {
  return command({
    name: `stop ${role}`,
    summary,
    options: {
      takeOver: option.takeOver(),
      ...(role === 'proxy'
        ? { force: option.flag('--force', 'also while sensors send to it, which are silent then') }
        : {}),
    },
    async action({ out, settings, options: { takeOver, force = false } }) {
      const { state, control, network: open } = openSession(settings);
      const network = await open();
      if (!takeOver) refuseForeign(await foreignJobs(network, { role }));
      if (role === 'proxy' && !force) await refuseProxyInUse(network, state.endpoints.jobProxy);
      const stopped = await stopService(network, role, {
        // While there is a job, the endpoint leads to it.
        url: state.endpoints.puller,
        setEndpoints: (change) => control.setEndpoints(change),
      });
      out.result({ stopped }, () =>
        stopped ? `the ${role} service job was stopped` : `no ${role} was running as a service job`,
      );
    },
  });
}

export const stopRelayCommand = command({
  name: 'stop relay',
  summary: 'stop the relay of a region that runs as a service job; its readings stay on the node',
  options: { region: option.relayRegion(), takeOver: option.takeOver() },
  async action({ out, settings, options: { region, takeOver } }) {
    const network = await openSession(settings).network();
    if (!takeOver) refuseForeign(await foreignJobs(network, { role: 'relay', regions: [region] }));
    const stopped = await network.stop({ role: 'relay', region });
    out.result({ stopped }, () =>
      stopped ? `the relay of ${region} was stopped` : `no relay of ${region} was running`,
    );
  },
});

async function openStopTarget(settings: Settings): Promise<StopTarget> {
  const { network, fleet, token } = openSession(settings);
  return { network: await network(), fleet, token };
}
