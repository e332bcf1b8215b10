import { productImage } from '../../../docker/images.js';
import type { RelayJob } from '../../../jobs/job-request.js';
import { AppError } from '../../../lib/errors/app-error.js';
import { deployRelay } from '../../../operations/deploy/deploy-relay.js';
import { foreignJobs, refuseForeign } from '../../../operations/deploy/job-owners.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { mandatoryOption, takeOverOption, text, timeoutOption, url, valueOption } from '../../options.js';
import { secondsText } from '../../output/terminal-text.js';

const regionOption = () => mandatoryOption('--region <region>', 'whose sensors send to it', text);

export const deployRelayCommand = command({
  name: 'deploy relay',
  summary: 'run the relay of a region as a service job on a node of the region (remote network)',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: {
    region: regionOption(),
    url: mandatoryOption('--url <url>', 'where sensors of the region reach it: http:// with the node and a port', url),
    dataDir: mandatoryOption(
      '--data-dir <folder>',
      'folder of the node that keeps its readings; it must allow it',
      text,
    ),
    image: valueOption('--image <name>', 'image in a registry that the node reaches', text, productImage()),
    takeOver: takeOverOption(),
    timeoutMs: timeoutOption(120),
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

export const stopRelayCommand = command({
  name: 'stop relay',
  summary: 'stop the relay of a region that runs as a service job; its readings stay on the node',
  modes: ['text', 'json'],
  settings: ['stateDir'],
  options: { region: regionOption(), takeOver: takeOverOption() },
  async action({ out, settings, options: { region, takeOver } }) {
    const network = await openSession(settings).network();
    if (!takeOver) refuseForeign(await foreignJobs(network, { role: 'relay', regions: [region] }));
    const stopped = await network.stop({ role: 'relay', region });
    out.result({ stopped }, () =>
      stopped ? `the relay of ${region} was stopped` : `no relay of ${region} was running`,
    );
  },
});
