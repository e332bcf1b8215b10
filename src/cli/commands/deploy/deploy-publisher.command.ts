import { type DeployTarget, deployPublisher } from '../../../operations/deploy/deploy-publisher.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { askTakeOver } from '../../confirm.js';
import {
  publisherOptions,
  regionsOption,
  requireProfile,
  sensorConfigFrom,
  text,
  timeoutOption,
  type Values,
  valueOption,
} from '../../options.js';
import { deployDocument, deployText } from '../../output/deploy-text.js';
import type { Output } from '../../output/output.js';
import { openDeployTarget } from '../../targets.js';

export const deployPublisherCommand = command({
  name: 'deploy publisher',
  summary: 'run a sensor on every edge node, replacing those that run',
  modes: ['text', 'json'],
  settings: ['stateDir', 'tlsCa'],
  options: {
    ...publisherOptions(),
    regions: regionsOption(),
    proxy: valueOption(
      '--proxy <url>',
      'where the sensors send to: a URL, or web-services or sqs-proxy (compose network)',
      text,
    ),
    timeoutMs: timeoutOption(60),
  },
  examples: [
    "wasm-sensors deploy publisher --color '#00ff88' --interval 1",
    'wasm-sensors deploy publisher --region eu --color',
  ],
  async action({ out, settings, options }) {
    requireProfile(options);
    const target = await openDeployTarget(openSession(settings), settings);
    const takeOver = await askTakeOver(out, options.takeOver, target.network, {
      role: 'publisher',
      regions: options.regions,
    });
    const result = await runDeploy(out, target, { ...options, takeOver });
    out.result(deployDocument(result), () => deployText(result));
  },
});

/** What is asked for: the publisher, where it runs, and how long to wait. */
type DeployValues = Values<ReturnType<typeof publisherOptions>> & {
  regions?: string[] | undefined;
  proxy?: string | undefined;
  timeoutMs: number;
};

/** As the command and `up --deploy` do it. */
export const runDeploy = (
  out: Pick<Output, 'progress'>,
  target: DeployTarget,
  options: DeployValues,
  timeoutHint = 'They may still start: run `wasm-sensors status` to see nodes and jobs.',
) =>
  deployPublisher(target, {
    ...options,
    config: sensorConfigFrom(options),
    timeoutHint,
    onProgress: (step) => out.progress(step),
  });
