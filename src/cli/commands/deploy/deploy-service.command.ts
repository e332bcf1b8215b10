import { Option } from 'commander';
import {
  deployService,
  planServiceJob,
  refuseProxyInUse,
  type ServiceRole,
  stopService,
} from '../../../operations/deploy/deploy-service.js';
import { foreignService, refuseForeign } from '../../../operations/deploy/job-owners.js';
import { openSession } from '../../../runtime/session.js';
import type { CommandSpec } from '../../command.js';
import { integerOption, takeOverOption, timeoutMs, timeoutOption } from '../../command-options.js';
import { askTakeOver } from '../../confirm.js';
import {
  notFollowingText,
  serviceInterruptedText,
  serviceProgressText,
  serviceStoppedText,
  serviceText,
} from '../../output/deploy-text.js';
import { StopSignal } from '../../stop-signal.js';

export const deployProxyCommand = deployServiceCommand('proxy', 'sensors then use it with `--proxy web-services`');
export const deployPullerCommand = deployServiceCommand('puller', 'it replaces the one of `up`');
export const stopProxyCommand = stopServiceCommand('proxy', 'stop the proxy that runs as a service job');
export const stopPullerCommand = stopServiceCommand(
  'puller',
  'stop the puller service job; the one of `up` runs again',
);

function deployServiceCommand(role: ServiceRole, effect: string): CommandSpec {
  return {
    name: `deploy ${role}`,
    summary: `run the ${role} as a Bacalhau service job on the web-services node; ${effect}`,
    modes: ['text', 'json'],
    settings: [
      ...(['stateDir', 'queue', 'queueEndpoint', 'awsRegion'] as const),
      ...(role === 'proxy' ? (['open', 'follow'] as const) : []),
    ],
    options: [
      new Option('--image <name>', "image in a registry that the node reaches; default: the network's own"),
      new Option('--node-port <port>', 'port of the node (native network)').default(role === 'proxy' ? '8080' : '8081'),
      takeOverOption(),
      timeoutOption(120),
    ],
    async action({ out, settings, provenance, options }) {
      const session = openSession(settings);
      // A Ctrl-C must not leave the queue without its consumer.
      const stop = new StopSignal();
      const planned = await planServiceJob(role, session, {
        settings: { values: settings, provenance },
        ...(options.image === undefined ? {} : { image: String(options.image) }),
        nodePort: integerOption(options.nodePort, '--node-port', 1)!,
        onProgress: (step) => out.progress(step),
      });
      const network = await session.network();
      const takeOver = await askTakeOver(out, options.takeOver === true, () => foreignService(network, role));
      try {
        const result = await deployService(network, planned, {
          takeOver,
          timeoutMs: timeoutMs(options),
          onProgress: (progress) => out.progress(serviceProgressText(progress)),
          setEndpoints: (change) => session.control.setEndpoints(change),
          signal: stop.signal,
        });
        if (role === 'proxy' && !planned.follows) out.warn(notFollowingText(session.state.endpoints.proxy));
        out.result(result, () => serviceText(result, planned));
        return 0;
      } catch (error) {
        if (!stop.signal.aborted) throw error;
        out.note(serviceInterruptedText(role));
        return stop.exitCode;
      }
    },
  };
}

function stopServiceCommand(role: ServiceRole, summary: string): CommandSpec {
  return {
    name: `stop ${role}`,
    summary,
    modes: ['text', 'json'],
    settings: ['stateDir'],
    options: [
      takeOverOption(),
      ...(role === 'proxy' ? [new Option('--force', 'also while sensors send to it, which are silent then')] : []),
    ],
    async action({ out, settings, options }) {
      const { state, control, network: open } = openSession(settings);
      const network = await open();
      if (options.takeOver !== true) refuseForeign(await foreignService(network, role));
      if (role === 'proxy' && options.force !== true) await refuseProxyInUse(network, state.endpoints.jobProxy);
      const stopped = await stopService(network, role, {
        // While there is a job, the endpoint leads to it.
        url: state.endpoints.puller,
        setEndpoints: (change) => control.setEndpoints(change),
      });
      out.result({ stopped }, () => serviceStoppedText(role, stopped));
      return 0;
    },
  };
}
