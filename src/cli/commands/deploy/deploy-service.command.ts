import { productImage } from '../../../docker/images.js';
import type { RelayJob } from '../../../jobs/job-request.js';
import { AppError } from '../../../lib/errors/app-error.js';
import { deployRelay, deployService, type ServiceRole } from '../../../operations/deploy/deploy-service.js';
import { openSession } from '../../../runtime/session.js';
import { type CommandSpec, command } from '../../command.js';
import * as option from '../../options.js';
import { secondsText } from '../../output/terminal-text.js';
import { StopSignal } from '../../stop-signal.js';

export const deployProxyCommand = deployServiceCommand('proxy', 'sensors then use it with `--proxy web-services`');
export const deployPullerCommand = deployServiceCommand('puller', 'it replaces the one of `up`');

function deployServiceCommand(role: ServiceRole, effect: string): CommandSpec {
  return command({
    name: `deploy ${role}`,
    summary: `run the ${role} as a service job on the compose network's web-services node; ${effect}`,
    settings: ['stateDir', 'queue'],
    options: {
      image: option.value(
        '--image <name>',
        "image in a registry that the node reaches; default: the network's own",
        option.text,
      ),
      takeOver: option.takeOver(),
      timeoutMs: option.timeout(120),
    },
    async action({ out, settings, provenance, options: { image, takeOver, timeoutMs } }) {
      const session = openSession(settings);
      // A Ctrl-C must not leave the queue without its consumer.
      const stop = new StopSignal();
      const { provider, connection } = await session.provider();
      if (!provider.serviceJob) {
        throw new AppError('NOT_OFFERED', `the ${provider.kind} network can't run service jobs`, {
          hint: `The ${role} of \`up\` runs already. For service jobs start \`up --network compose --registry\`.`,
        });
      }
      out.progress('bringing the image to the registry');
      const queue = provenance.queue.source === 'flag' ? settings.queue : undefined;
      const planned = await provider.serviceJob(role, connection, { image, queue });
      const network = await session.network();
      try {
        const result = await deployService(network, planned, {
          takeOver,
          timeoutMs,
          onProgress: (step) => out.progress(step),
          setEndpoints: (change) => session.control.setEndpoints(change),
          signal: stop.signal,
        });
        const next = `; run \`wasm-sensors deploy publisher --proxy ${planned.proxyName}\` to make sensors use it`;
        const ready = `${role} ready at ${result.url} (${secondsText(result.seconds)})`;
        out.result(result, () => `${ready}${role === 'proxy' ? next : ''}`);
        return;
      } catch (error) {
        if (!stop.signal.aborted) throw error;
        out.note(`interrupted${role === 'puller' ? '; the puller of `up` runs again' : ''}`);
        return stop.exitCode;
      }
    },
  });
}

export const deployRelayCommand = command({
  name: 'deploy relay',
  summary: 'run the relay of a region as a service job on a node of the region (remote network)',
  options: {
    region: option.relayRegion(),
    url: option.mandatory(
      '--url <url>',
      'where sensors of the region reach it: http:// with the node and a port',
      option.url,
    ),
    dataDir: option.mandatory(
      '--data-dir <folder>',
      'folder of the node that keeps its readings; it must allow it',
      option.text,
    ),
    image: option.value('--image <name>', 'image in a registry that the node reaches', option.text, productImage()),
    takeOver: option.takeOver(),
    timeoutMs: option.timeout(120),
  },
  examples: ['wasm-sensors deploy relay --region eu --url http://10.0.3.7:9090 --data-dir /srv/relay'],
  async action({ out, settings, options: { region, url: at, dataDir, image, takeOver, timeoutMs } }) {
    const session = openSession(settings);
    const { provider, connection } = await session.provider();
    const upstream = provider.relayUpstream?.(connection);
    if (upstream === undefined) {
      throw new AppError('NOT_OFFERED', `the ${provider.kind} network runs no relay as a service job`, {
        hint: '`up --relays` starts one in each region.',
      });
    }
    const job: RelayJob = {
      role: 'relay',
      region,
      image,
      upstream,
      dataDir,
      url: at,
      port: Number(new URL(at).port || 80),
      submissionTime: Date.now(),
    };
    out.progress('submitting the relay');
    const result = await deployRelay(await session.network(), job, { timeoutMs, takeOver });
    const next = `run \`wasm-sensors deploy publisher --region ${region} --proxy ${at}\` to make sensors use it`;
    out.result({ ...result, url: at }, () => `relay of ${region} runs (${secondsText(result.seconds)}); ${next}`);
  },
});
