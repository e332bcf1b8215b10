import { type DeployOptions, type DeployTarget, deployPublisher } from '../../../operations/deploy/deploy-publisher.js';
import { keptIn } from '../../../operations/kept-readings.js';
import { openSession } from '../../../runtime/session.js';
import { command } from '../../command.js';
import { confirmGivenUp } from '../../confirm.js';
import * as option from '../../options.js';
import { deployDocument, deployText } from '../../output/deploy-text.js';
import type { Output } from '../../output/output.js';
import { openDeployTarget } from '../../targets.js';

export const deployPublisherCommand = command({
  name: 'deploy publisher',
  summary: 'run a sensor on every edge node, replacing those that run; flags that are left out have their defaults',
  settings: ['stateDir', 'tlsCa'],
  options: {
    ...option.publisher(),
    regions: option.regions(),
    proxy: option.value(
      '--proxy <url>',
      'where the sensors send to: a URL, or web-services or sqs-proxy (compose network)',
      option.text,
    ),
    now: option.flag('--now', 'at once, also where sensors keep readings: these are given up'),
    undo: option
      .flag('--undo', 'bring the version before back, instead of the one that runs')
      .conflicts([...Object.keys(option.publisher()).filter((name) => name !== 'takeOver'), 'proxy']),
    yes: option.yes(),
    timeoutMs: option.timeout(60),
  },
  examples: [
    "wasm-sensors deploy publisher --color '#00ff88' --interval 1",
    'wasm-sensors deploy publisher --region eu --color',
    'wasm-sensors deploy publisher --undo',
  ],
  async action({ out, settings, options }) {
    option.requireProfile(options);
    const target = await openDeployTarget(openSession(settings), settings);
    if (options.now) await confirmGivenUp(out, await keptIn(target.fleet, options.regions), options.yes);
    const result = await runDeploy(out, target, {
      ...options,
      kept: options.now ? 'given-up' : 'delivered',
    });
    out.result(deployDocument(result), () => deployText(result));
  },
});

type DeployValues = Omit<DeployOptions, 'config' | 'timeoutHint' | 'onProgress'> & option.SensorValues;

/** As the command and `up --deploy` do it. */
export const runDeploy = (
  out: Pick<Output, 'progress'>,
  target: DeployTarget,
  options: DeployValues,
  timeoutHint = 'They may still start: run `wasm-sensors status` to see nodes and jobs.',
) =>
  deployPublisher(target, {
    ...options,
    config: option.sensorConfigFrom(options),
    timeoutHint,
    onProgress: (step) => out.progress(step),
  });
