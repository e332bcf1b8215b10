import { resolve } from 'node:path';
import { Option } from 'commander';
import { checkBeforeUp } from '../../../doctor/before-up.js';
import { AppError } from '../../../lib/errors/app-error.js';
import { removeOrphans } from '../../../runtime/orphans.js';
import { quarantineDamagedState, readRunState } from '../../../runtime/run-state.js';
import type { CommandSpec } from '../../command.js';
import { type OptionValues, publisherOptions, timeoutOption } from '../../command-options.js';
import { keptText, quarantinedText } from '../../output/up-text.js';
import { checkDeployOptions } from '../deploy/deploy-publisher.command.js';
import { attachToUp } from './attach-to-up.js';
import { upDetached } from './up-detached.js';
import { upInForeground } from './up-foreground.js';
import { UP_SETTINGS } from './up-settings.js';

export const up: CommandSpec = {
  name: 'up',
  summary: 'start the network with its queue, proxy and puller, and show what happens; Ctrl-C stops everything',
  settings: UP_SETTINGS,
  modes: ['text', 'ndjson'],
  options: [
    new Option('--deploy', 'deploy the publisher to every edge node'),
    ...publisherOptions(),
    new Option('-d, --detach', 'return when everything is ready, and keep running in the background'),
    new Option('--plain', 'lines instead of the full-screen view of a terminal'),
    new Option('--registry', 'also run a registry, for images that were built here (compose network)'),
    timeoutOption(60),
  ],
  optionGroups: {
    'Common options:': ['network', 'nodes', 'deploy', 'interval', 'color', 'detach', 'queue', 'port', 'timeout'],
    'The sensors (with --deploy):': ['emoji', 'random-off', 'max-messages', 'config-file', 'take-over'],
    'Addresses and ports:': [
      ...['host', 'allowed-hosts', 'puller-port', 'queue-port', 'nats-port', 'webui-port', 'proxy-url'],
    ],
    'The queue:': ['queue-endpoint', 'aws-region'],
    'What the puller does:': [
      ...['sinks', 'pollers', 'alert-after', 'webhook', 'retention', 'minute-retention', 'hour-retention'],
    ],
    'Bacalhau:': [
      ...['bacalhau', 'api-host', 'api-port', 'api-tls', 'api-insecure', 'api-ca', 'api-token-file', 'api-username'],
      ...['api-password-file', 'registry'],
    ],
    'Access and TLS:': [
      ...['token-file', 'viewer-token-file', 'sensor-token-file', 'sensor-key-file', 'token-in-job', 'open'],
      ...['rate-limit', 'tls-cert', 'tls-key', 'tls-ca'],
    ],
  },
  examples: [
    'wasm-sensors up --deploy',
    'wasm-sensors up --network native --nodes 2 --deploy --interval 1',
    'wasm-sensors up -d --deploy && wasm-sensors tail',
  ],
  async action(context) {
    const { out, settings, options } = context;
    if (options.deploy) checkDeployOptions(options);
    else refuseSensorOptions(options);
    const stateDir = resolve(settings.stateDir);
    const quarantined = quarantineDamagedState(stateDir);
    if (quarantined !== undefined) out.warn(quarantinedText(quarantined));
    if (readRunState(stateDir)?.alive) return attachToUp(context);
    const orphans = await removeOrphans(stateDir);
    for (const name of orphans.removed) out.note(`stopped ${name}, which a killed \`up\` left behind`);
    for (const text of orphans.kept) out.warn(keptText(text));
    for (const { why, fix } of await checkBeforeUp(settings)) out.warn(`${why}${fix === undefined ? '' : `. ${fix}`}`);
    return options.detach ? upDetached(context) : upInForeground(context);
  },
};

/** Options of the publisher would have no effect. Throws `BAD_OPTION`. */
function refuseSensorOptions(options: OptionValues): void {
  const given = publisherOptions().filter((option) => options[option.attributeName()] !== undefined);
  if (given.length === 0) return;
  const names = given.map(({ long }) => long).join(', ');
  throw new AppError('BAD_OPTION', `${names}: no sensor is deployed without --deploy`, {
    hint: `Add --deploy, or omit ${names}.`,
  });
}
