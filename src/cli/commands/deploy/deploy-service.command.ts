import { Option } from 'commander';
import type { ServiceJob } from '../../../jobs/job-request.js';
import { AppError, messageOf, usageError } from '../../../lib/errors/app-error.js';
import { exitCodeOf, type StopReason, stopRequested } from '../../../lib/process/shutdown.js';
import { openSession, type Session } from '../../../runtime/session.js';
import { type CommandContext, type CommandSpec, integerOption } from '../../command.js';
import { targetOf } from '../../config-target.js';
import { timeoutMs, timeoutOption } from '../../sensor-options.js';

type Role = ServiceJob['role'];

export const deployProxyCommand = deployServiceCommand('proxy', 'sensors then use it with `--proxy web-services`');
export const deployPullerCommand = deployServiceCommand('puller', "it takes the place of the network's own");
export const stopProxyCommand = stopServiceCommand('proxy', 'end the proxy that runs as a service job');
export const stopPullerCommand = stopServiceCommand('puller', 'end the puller service job; the own one takes over');

function deployServiceCommand(role: Role, effect: string): CommandSpec {
  return {
    name: `deploy ${role}`,
    summary: `run the ${role} as a Bacalhau service job on the web-services node; ${effect}`,
    modes: ['text', 'json'],
    settings: ['stateDir', 'queue', 'queueEndpoint', 'awsRegion', ...(role === 'proxy' ? (['open'] as const) : [])],
    options: [
      new Option('--image <name>', 'image in a registry that the node reaches; default: the one of the network'),
      new Option('--node-port <port>', 'port of the node (native network)').default(role === 'proxy' ? '8080' : '8081'),
      timeoutOption(120),
    ],
    async action(context) {
      const { out, settings, options } = context;
      const session = openSession(settings);
      const interrupted = interruption();
      const { request, url } = await describe(role, session, context);
      const { deployService } = await import('../../../operations/deploy-service.js');
      try {
        const result = await deployService(await session.network(), request, {
          url,
          timeoutMs: timeoutMs(options),
          onProgress: (step) => out.progress(step),
          setEndpoints: (change) => session.control.setEndpoints(change),
          signal: interrupted.signal,
        });
        if (role === 'proxy') await levelNew(context);
        const then = nextStep(role, session.state.network === 'compose');
        out.result(result, () => `the ${role} answers at ${result.url}, after ${result.seconds.toFixed(1)} s${then}`);
        return 0;
      } catch (error) {
        const reason = interrupted.reason();
        if (reason === undefined) throw error;
        out.note(role === 'puller' ? 'interrupted; the own puller has its part again' : 'interrupted');
        return exitCodeOf(reason);
      }
    },
  };
}

function nextStep(role: Role, compose: boolean): string {
  if (role === 'proxy')
    return `; \`deploy publisher --proxy ${compose ? 'web-services' : '<url>'}\` makes sensors use it`;
  // Its container has no folder of this machine: its user may be none that can write there.
  return compose ? '' : '; its view of the fleet begins now, and ends with it';
}

/** A proxy that begins empty gets what the others hold, so that no sensor is told less by it. */
async function levelNew({ settings, out }: CommandContext): Promise<void> {
  const { syncProxies } = await import('../../../operations/change-config.js');
  const { failures } = await syncProxies(targetOf(openSession(settings), settings).proxies);
  for (const { proxy, error } of failures)
    out.warn(`${proxy.url} did not take the fleet configuration: ${messageOf(error)}`);
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

/** The job as this network can run it, and where it will answer. */
async function describe(
  role: Role,
  { state }: Session,
  { out, options, settings, provenance }: CommandContext,
): Promise<{ request: ServiceJob; url: string }> {
  const image = options.image === undefined ? undefined : String(options.image);
  if (state.network === 'compose') {
    const [{ composeService, composeServiceUrl }, { composeFactsSchema }] = await Promise.all([
      import('../../../network/compose/compose-services.js'),
      import('../../../network/compose/compose-connection.js'),
    ]);
    const facts = composeFactsSchema.parse(state.facts);
    const own = (['queueEndpoint', 'awsRegion', 'open'] as const).filter((key) => provenance[key].source === 'flag');
    if (own.length > 0) {
      const names = own.map((key) => provenance[key].name).join(', ');
      throw usageError(
        'NOT_OFFERED',
        `on the compose network \`deploy ${role}\` does not offer ${names}`,
        'The job gets what `up` was given; the port is that of the network (PROXY_JOB_PORT, PULLER_JOB_PORT).',
      );
    }
    const queue = provenance.queue.source === 'flag' ? settings.queue : undefined;
    out.progress('bringing the image to the registry');
    return { request: await composeService(role, facts, { image, queue }), url: composeServiceUrl(role, facts) };
  }
  if (state.network !== 'native') {
    throw new AppError('NOT_OFFERED', 'user', `the ${state.network} network runs no containers of ours`, {
      hint: `\`up\` runs a ${role} of its own. Service jobs are offered by --network compose, and by native with Docker.`,
    });
  }
  const [{ nativeService }, { nativeFactsSchema }, { productImage }] = await Promise.all([
    import('../../../network/native/native-services.js'),
    import('../../../network/native/native-connection.js'),
    import('../../../docker/image-names.js'),
  ]);
  const port = integerOption(options.nodePort, '--node-port', 1)!;
  const request = nativeService(nativeFactsSchema.parse(state.facts), {
    role,
    image: image ?? productImage(),
    port,
    queue: settings.queue,
    embeddedQueue: state.endpoints.queue !== undefined,
    open: settings.open,
    args: [
      ...(settings.queueEndpoint === undefined ? [] : ['--queue-endpoint', settings.queueEndpoint]),
      ...(settings.awsRegion === undefined ? [] : ['--aws-region', settings.awsRegion]),
    ],
  });
  return { request, url: `http://127.0.0.1:${port}` };
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
      // While there is a job, it is where the endpoint leads.
      const stopped = await stopService(await network(), role, {
        url: state.endpoints.puller,
        setEndpoints: (change) => control.setEndpoints(change),
      });
      out.result({ stopped }, () =>
        stopped ? `the ${role} service job was ended` : `no ${role} ran as a service job`,
      );
      return 0;
    },
  };
}
