import { Option } from 'commander';
import { type DeployTarget, deployPublisher } from '../../../operations/deploy/deploy-publisher.js';
import { foreignPublishers } from '../../../operations/deploy/job-owners.js';
import type { Profile } from '../../../protocol/profiles.js';
import { openSession } from '../../../runtime/session.js';
import type { CommandSpec } from '../../command.js';
import {
  allowFrom,
  integerOption,
  type OptionValues,
  percentOption,
  publisherOptions,
  regionsOption,
  sensorConfigFrom,
  timeoutMs,
  timeoutOption,
} from '../../command-options.js';
import { askTakeOver } from '../../confirm.js';
import { deployDocument, deployProgressText, deployText, STILL_STARTING } from '../../output/deploy-text.js';
import type { Output } from '../../output/output.js';
import { openDeployTarget } from '../../targets.js';

export const deployPublisherCommand: CommandSpec = {
  name: 'deploy publisher',
  summary: 'run a sensor on every edge node, replacing those that run',
  modes: ['text', 'json'],
  settings: ['stateDir', 'tlsCa'],
  options: [
    ...publisherOptions(),
    regionsOption(),
    new Option('--proxy <url>', 'where the sensors send to: a URL, or web-services or sqs-proxy (compose network)'),
    timeoutOption(60),
  ],
  examples: [
    "wasm-sensors deploy publisher --color '#00ff88' --interval 1",
    'wasm-sensors deploy publisher --region eu --color',
  ],
  async action({ out, settings, options }) {
    const target = await openDeployTarget(openSession(settings), settings);
    const takeOver = await askForPublishers(out, target.network, options);
    const result = await runDeploy(out, target, { ...options, takeOver });
    out.result(deployDocument(result), () => deployText(result));
    return 0;
  },
};

/** Whether publishers of other state folders may be replaced. Rejects with `JOBS_OF_OTHERS` when they may not. */
export const askForPublishers = (
  out: Pick<Output, 'note'>,
  network: DeployTarget['network'],
  { takeOver, region }: OptionValues,
) => askTakeOver(out, takeOver === true, () => foreignPublishers(network, region as string[] | undefined));

/** Checks the options of a deployment before `up` begins. Throws `BAD_OPTION`. */
export function checkDeployOptions(options: OptionValues): void {
  publisherFrom(options);
  timeoutMs(options);
}

/** As the command and `up --deploy` do it. */
export function runDeploy(
  out: Pick<Output, 'progress'>,
  target: DeployTarget,
  options: OptionValues,
  timeoutHint = STILL_STARTING,
) {
  return deployPublisher(target, {
    ...publisherFrom(options),
    takeOver: options.takeOver === true,
    ...(options.region === undefined ? {} : { regions: options.region as string[] }),
    ...(options.proxy === undefined ? {} : { proxy: String(options.proxy) }),
    timeoutMs: timeoutMs(options),
    timeoutHint,
    onProgress: (progress) => out.progress(deployProgressText(progress)),
  });
}

function publisherFrom(options: OptionValues) {
  const maxMessages = integerOption(options.maxMessages, '--max-messages', 1);
  const anomalies = percentOption(options.anomalies, '--anomalies');
  return {
    config: sensorConfigFrom(options),
    allow: allowFrom(options),
    ...(options.configFile === undefined ? {} : { configFile: String(options.configFile) }),
    ...(options.module === undefined ? {} : { module: String(options.module) }),
    ...(options.profile === undefined ? {} : { profile: options.profile as Profile }),
    ...(anomalies === undefined ? {} : { anomalies }),
    ...(maxMessages === undefined ? {} : { maxMessages }),
  };
}
