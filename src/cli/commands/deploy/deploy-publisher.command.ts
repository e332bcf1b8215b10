import { Option } from 'commander';
import { usageError } from '../../../lib/errors/app-error.js';
import type { Network } from '../../../network/network.js';
import { type DeployResult, deployPublisher } from '../../../operations/deploy-publisher.js';
import { type DesiredState, decidedFields, decidingHosts } from '../../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../../protocol/sensor-config.js';
import type { ConfigClient } from '../../../proxy/config-client.js';
import type { FleetClient } from '../../../puller/fleet-client.js';
import { openSession } from '../../../runtime/session.js';
import { type CommandSpec, integerOption } from '../../command.js';
import { targetOf } from '../../config-target.js';
import type { Output } from '../../output/output.js';
import { regionOption, sensorConfigFrom, sensorOptions, timeoutMs, timeoutOption } from '../../sensor-options.js';

export const publisherOptions = (): Option[] => [
  ...sensorOptions(),
  new Option('--max-messages <count>', 'end each sensor after so many readings'),
  new Option('--config-file <path>', 'YAML file on the nodes that sensors re-read while they run'),
];

export const deployPublisherCommand: CommandSpec = {
  name: 'deploy publisher',
  summary: 'run a sensor on every edge node, replacing those that run',
  modes: ['text', 'json'],
  settings: ['stateDir', 'tlsCa'],
  options: [
    ...publisherOptions(),
    regionOption(),
    new Option('--proxy <url>', 'where the sensors send to: a URL, or web-services or sqs-proxy (compose network)'),
    timeoutOption(60),
  ],
  examples: [
    "wasm-sensors deploy publisher --color '#00ff88' --interval 1",
    'wasm-sensors deploy publisher --region eu --color',
  ],
  async action({ out, settings, options }) {
    const session = openSession(settings);
    const { proxies } = targetOf(session, settings);
    const target = {
      network: await session.network(),
      fleet: session.fleet,
      proxy: proxies[0]!,
      stateDir: settings.stateDir,
    };
    const result = await runDeploy(out, target, options);
    out.result(result, () => deployText(result));
    // Where no node was there to run one, nothing was seen.
    return result.regions.some(({ seen }) => seen > 0) ? 0 : 1;
  },
};

/** Others have the same cause. */
const HOSTS_NAMED = 3;
const STILL_COMING = '`wasm-sensors status` shows nodes and jobs; the sensors may still come.';

/** Where a publisher goes. */
export interface DeployTarget {
  network: Network;
  fleet: FleetClient;
  /** Knows what is stronger than the flags given here. */
  proxy: ConfigClient;
  stateDir: string;
}

/** Checks what commands that deploy a publisher were given, before they begin. Throws `BAD_OPTION`. */
export function checkDeployOptions(options: Record<string, unknown>): void {
  publisherFrom(options);
  timeoutMs(options);
}

const publisherFrom = (options: Record<string, unknown>) => ({
  maxMessages: integerOption(options.maxMessages, '--max-messages', 1),
  config: sensorConfigFrom(options),
});

/** The part that `up --deploy` shares. */
export async function runDeploy(
  out: Pick<Output, 'progress'>,
  { network, fleet, proxy, stateDir }: DeployTarget,
  options: Record<string, unknown>,
  timeoutHint = STILL_COMING,
): Promise<DeployResult> {
  const { maxMessages, config } = publisherFrom(options);
  const result = await deployPublisher(network, fleet, {
    config,
    stateDir,
    timeoutMs: timeoutMs(options),
    timeoutHint,
    ...(options.region === undefined ? {} : { regions: options.region as string[] }),
    ...(options.proxy === undefined ? {} : { proxyUrl: namedProxy(String(options.proxy), network.proxyNames) }),
    ...(options.configFile === undefined ? {} : { configFile: String(options.configFile) }),
    ...(maxMessages === undefined ? {} : { maxMessages }),
    onProgress: ({ step, seen, expected }) =>
      out.progress(
        step === 'submitting' ? `submitting the publisher for ${expected} nodes` : `${seen}/${expected} sensors send`,
      ),
  });
  const regions = result.regions.map(({ region }) => region);
  // Only a remark: sensors that send to another proxy are no failure.
  const state = await proxy.state().catch(() => undefined);
  if (state) {
    const hosts = (await network.nodes()).filter(({ region }) => regions.includes(region)).map(({ name }) => name);
    const given = SENSOR_CONFIG_FIELDS.filter((field) => config[field] !== undefined);
    result.notes.push(...hiddenNotes(state, { regions, hosts, given }));
  }
  return result;
}

/** What the fleet configuration hides of the values given here, and how to let go. */
function hiddenNotes(
  state: DesiredState,
  { regions, hosts, given }: { regions: string[]; hosts: string[]; given: SensorConfigField[] },
): string[] {
  const hidden = decidedFields(state, regions).filter((field) => given.includes(field));
  const lets = (scope: string, fields: string[]) => `\`wasm-sensors config unset ${scope}${fields.join(' ')}\` lets go`;
  return [
    ...(hidden.length > 0 ? [`${hidden.join(', ')}: the fleet configuration is stronger; ${lets('', hidden)}`] : []),
    ...decidingHosts(state, hosts, given)
      .slice(0, HOSTS_NAMED)
      .map(
        ({ hostname, fields }) =>
          `${hostname} has its own ${fields.join(', ')} by the fleet configuration; ${lets(`--host ${hostname} `, fields)}`,
      ),
  ];
}

/** `names`: those that the network has for proxies. Throws `BAD_OPTION` for what is no URL. */
function namedProxy(given: string, names: Network['proxyNames'] = {}): string {
  const url = Object.hasOwn(names, given) ? names[given]! : given;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, '');
  throw usageError('BAD_OPTION', `--proxy: ${JSON.stringify(given)} is not a URL that begins with http:// or https://`);
}

export function deployText({ regions, notes, seconds }: DeployResult): string {
  const seen = regions.reduce((sum, { seen, expected }) => sum + Math.min(seen, expected), 0);
  const expected = regions.reduce((sum, region) => sum + region.expected, 0);
  const unchanged = regions.every((region) => region.unchanged) ? ' (unchanged: it runs just so already)' : '';
  const waiting = regions.flatMap(({ region, pending }) => (pending > 0 ? `${region}: ${pending}` : []));
  return [
    ...notes,
    ...(waiting.length > 0 ? [`disconnected nodes run it when they are back (${waiting.join(', ')})`] : []),
    `${seen}/${expected} sensors send, seen after ${seconds.toFixed(1)} s${unchanged}`,
  ].join('\n');
}
