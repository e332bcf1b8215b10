import { Option } from 'commander';
import type { ServiceJob } from '../../../jobs/job-request.js';
import { exitCodeOf, type StopReason, stopRequested } from '../../../lib/process/shutdown.js';
import type { PlannedServiceJob } from '../../../network/provider.js';
import { openSession, type Session } from '../../../runtime/session.js';
import { type CommandSpec, integerOption } from '../../command.js';
import { timeoutMs, timeoutOption } from '../../sensor-options.js';

type Role = ServiceJob['role'];

export const deployProxyCommand = deployServiceCommand('proxy', 'sensors then use it with `--proxy web-services`');
export const deployPullerCommand = deployServiceCommand('puller', 'it replaces that of the network');
export const stopProxyCommand = stopServiceCommand('proxy', 'stop the proxy that runs as a service job');
export const stopPullerCommand = stopServiceCommand(
  'puller',
  'stop the puller that runs as a service job; that of `up` runs again',
);

function deployServiceCommand(role: Role, effect: string): CommandSpec {
  return {
    name: `deploy ${role}`,
    summary: `run the ${role} as a Bacalhau service job on the web-services node; ${effect}`,
    modes: ['text', 'json'],
    settings: [
      'stateDir',
      'queue',
      'queueEndpoint',
      'awsRegion',
      ...(role === 'proxy' ? (['open', 'follow'] as const) : []),
    ],
    options: [
      new Option('--image <name>', 'image in a registry that the node reaches; default: the one of the network'),
      new Option('--node-port <port>', 'port of the node (native network)').default(role === 'proxy' ? '8080' : '8081'),
      timeoutOption(120),
    ],
    async action(context) {
      const { out, settings, provenance, options } = context;
      const session = openSession(settings);
      const interrupted = interruption();
      const { deployService, planServiceJob } = await import('../../../operations/deploy-service.js');
      const planned = await planServiceJob(role, session, {
        settings: { values: settings, provenance },
        ...(options.image === undefined ? {} : { image: String(options.image) }),
        nodePort: integerOption(options.nodePort, '--node-port', 1)!,
        onProgress: (step) => out.progress(step),
      });
      try {
        const result = await deployService(await session.network(), planned, {
          timeoutMs: timeoutMs(options),
          onProgress: (step) => out.progress(step),
          setEndpoints: (change) => session.control.setEndpoints(change),
          signal: interrupted.signal,
        });
        if (role === 'proxy' && !planned.follows) out.warn(notFollowing(session));
        const then = nextStep(planned);
        out.result(result, () => `the ${role} answers at ${result.url}, after ${result.seconds.toFixed(1)} s${then}`);
        return 0;
      } catch (error) {
        const reason = interrupted.reason();
        if (reason === undefined) throw error;
        out.note(role === 'puller' ? 'interrupted; the puller of `up` runs again' : 'interrupted');
        return exitCodeOf(reason);
      }
    },
  };
}

function nextStep({ job, proxyName = '<url>' }: PlannedServiceJob): string {
  if (job.role === 'proxy') return `; \`deploy publisher --proxy ${proxyName}\` makes sensors use it`;
  return job.dataDir === undefined ? '; its view of the fleet begins now and is lost when the job stops' : '';
}

function notFollowing({ state }: Session): string {
  return `the service job does not follow ${state.endpoints.proxy}, which only this machine reaches: \`config set\` will not change sensors that use the job. Give --follow with an address of that proxy that containers reach`;
}

/** A Ctrl-C must not leave the queue without its consumer. */
function interruption(): { signal: AbortSignal; reason(): StopReason | undefined } {
  const controller = new AbortController();
  let reason: StopReason | undefined;
  void stopRequested({ supervised: false }).then((asked) => {
    reason = asked;
    controller.abort();
  });
  return { signal: controller.signal, reason: () => reason };
}

function stopServiceCommand(role: Role, summary: string): CommandSpec {
  return {
    name: `stop ${role}`,
    summary,
    modes: ['text', 'json'],
    settings: ['stateDir'],
    async action({ out, settings }) {
      const { state, control, network } = openSession(settings);
      const { stopService } = await import('../../../operations/deploy-service.js');
      // While there is a job, the endpoint is that of the job.
      const stopped = await stopService(await network(), role, {
        url: state.endpoints.puller,
        setEndpoints: (change) => control.setEndpoints(change),
      });
      out.result({ stopped }, () =>
        stopped ? `the ${role} service job was stopped` : `no ${role} runs as a service job`,
      );
      return 0;
    },
  };
}
