import { Option } from 'commander';
import { AppError, usageError } from '../../core/errors.js';
import type { ServiceJob } from '../../network/network.js';
import { type CommandContext, type CommandSpec, integerOption } from '../command.js';
import { timeoutMs, timeoutOption } from '../deploy-options.js';
import { openSession, type Session } from '../session.js';

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
    settings: ['stateDir', 'queue'],
    options: [
      new Option('--image <name>', 'image in a registry that the node reaches; default: the one of the network'),
      new Option('--node-port <port>', 'port of the node (native network)').default(role === 'proxy' ? '8080' : '8081'),
      timeoutOption(120),
    ],
    async action(context) {
      const session = openSession(context.settings);
      const { out } = context;
      const result = await (session.state.network === 'compose'
        ? deployOnCompose(role, session, context)
        : deployOnNative(role, session, context));
      const name = session.state.network === 'compose' ? 'web-services' : '<url>';
      const then = role === 'proxy' ? `; \`deploy publisher --proxy ${name}\` makes sensors use it` : '';
      out.result(result, () => `the ${role} answers at ${result.url}, after ${result.seconds.toFixed(1)} s${then}`);
      return 0;
    },
  };
}

async function deployOnCompose(role: Role, session: Session, { out, options }: CommandContext) {
  const [{ deployComposeService }, { composeFactsSchema }] = await Promise.all([
    import('../../network/compose/services.js'),
    import('../../network/compose/facts.js'),
  ]);
  return deployComposeService(role, {
    facts: composeFactsSchema.parse(session.state.facts),
    network: await session.network(),
    ...(options.image === undefined ? {} : { image: String(options.image) }),
    timeoutMs: timeoutMs(options),
    onProgress: (step) => out.progress(step),
    setEndpoints: (change) => session.control.setEndpoints(change),
  });
}

async function deployOnNative(role: Role, session: Session, { out, options, settings }: CommandContext) {
  const { network: kind, endpoints } = session.state;
  if (kind !== 'native') {
    throw new AppError('NOT_OFFERED', 'user', `the ${kind} network runs no containers of ours`, {
      hint: `\`up\` runs a ${role} of its own. Service jobs are offered by --network compose, and by native with Docker.`,
    });
  }
  if (settings.queue === undefined || endpoints.queue !== undefined) {
    throw usageError(
      'QUEUE_NOT_REACHABLE',
      `a container can't reach the embedded queue, which listens on this machine's loopback`,
      'Use a real queue for this: `up` and this command with --queue. On the compose network the embedded one will do.',
    );
  }
  const [{ deployService }, { productImage }] = await Promise.all([
    import('../../network/service-job.js'),
    import('../../network/images/names.js'),
  ]);
  const port = integerOption(options.nodePort, '--node-port', 1)!;
  const image = options.image === undefined ? productImage() : String(options.image);
  const request: ServiceJob = { role, image, port, queue: settings.queue, submissionTime: Date.now() };
  return deployService(await session.network(), request, {
    url: `http://127.0.0.1:${port}`,
    timeoutMs: timeoutMs(options),
    onProgress: (step) => out.progress(step),
  });
}

function stopServiceCommand(role: Role, summary: string): CommandSpec {
  return {
    name: `stop ${role}`,
    summary,
    modes: ['text', 'json'],
    settings: ['stateDir'],
    async action({ out, settings }) {
      const session = openSession(settings);
      const network = await session.network();
      let stopped: boolean;
      if (session.state.network === 'compose') {
        const { stopComposeService } = await import('../../network/compose/services.js');
        const { composeFactsSchema } = await import('../../network/compose/facts.js');
        stopped = await stopComposeService(role, {
          facts: composeFactsSchema.parse(session.state.facts),
          network,
          setEndpoints: (change) => session.control.setEndpoints(change),
        });
      } else stopped = await network.stop(role);
      out.result({ stopped }, () =>
        stopped ? `the ${role} service job was ended` : `no ${role} ran as a service job`,
      );
      return 0;
    },
  };
}
