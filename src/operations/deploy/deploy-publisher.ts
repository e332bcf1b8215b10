/** Deploys the publisher. A submitted job may not run, so the result is what the readings show. */
import { basename, resolve } from 'node:path';
import type { PublisherJob } from '../../jobs/job-request.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { answersHttp } from '../../lib/net/http-client.js';
import type { UserModule } from '../../modules/user-module.js';
import { HTTP_FUNCTION } from '../../modules/wasi-functions.js';
import { nodesByRegion, type RegionNodes, unschedulableNodes } from '../../network/edge-nodes.js';
import type { Network, NetworkFact, NodeInfo } from '../../network/network.js';
import { decidingScopes, type Scope } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfig, type SensorConfigField } from '../../protocol/sensor-config.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { type KeptReadings, keptBy } from '../kept-readings.js';
import { foreignJobs, refuseForeign } from './job-owners.js';
import {
  type AllRegionsFact,
  provideModule,
  type SubmitTarget,
  stopAllRegionsJob,
  submitInOrder,
} from './submit-in-order.js';
import { watchNodes } from './watch-nodes.js';

export interface DeployTarget extends SubmitTarget {
  fleet: Pick<FleetClient, 'snapshot' | 'countSince'>;
  /** Also asked which of the given values the fleet configuration overrides. */
  proxy: Pick<ProxyClient, 'state' | 'putModule'>;
}

export interface DeployOptions
  extends Pick<PublisherJob, 'config' | 'profile' | 'anomalies' | 'maxMessages' | 'allow' | 'configFile'> {
  /** Path of a module of the user. */
  module?: string | undefined;
  /** Left out: every region that has edge nodes. */
  regions?: string[] | undefined;
  /** Where the sensors send to, instead of the network's own proxy: a URL, or a name that the network has for one. */
  proxy?: string | undefined;
  /** Replaces jobs of other state folders, too. */
  takeOver?: boolean;
  /**
   * Fails when no further sensor reports for this time. How long all of them take depends on how many share a
   * processor.
   */
  timeoutMs: number;
  /** What to do when not every sensor reported in time. */
  timeoutHint: string;
  onProgress(step: string): void;
}

export interface RegionDeployment {
  region: string;
  jobId: string;
  unchanged: boolean;
  expected: number;
  seen: number;
  /** Disconnected nodes, which run it when they are back. */
  pending: number;
  /** What its sensors keep, where it is cut off. */
  kept?: KeptReadings;
}

export type DeployFact =
  | NetworkFact
  | AllRegionsFact
  /** Given values that the fleet configuration overrides: of all sensors, or of one host. */
  | { type: 'config.overridden'; scope: Scope; fields: SensorConfigField[] }
  /** So many further hosts have values of their own, too. */
  | { type: 'config.overridden-by-more'; hosts: number };

export interface DeployResult {
  submissionTime: number;
  regions: RegionDeployment[];
  facts: DeployFact[];
  seconds: number;
}

/** At most so many hosts are named; further ones have the same cause. */
const HOSTS_NAMED = 3;

/**
 * Submits one publisher job a region and waits until readings of every connected node were seen. Rejects with `NO_SUCH_REGION`,
 * `NO_NODES`, `JOBS_OF_OTHERS`, `BAD_OPTION` (a proxy that is neither a URL nor a known name), `DEPLOY_FAILED` (executions failed;
 * their messages are the details) or `DEPLOY_TIMEOUT`, and as `provideModule` does.
 */
export async function deployPublisher(target: DeployTarget, options: DeployOptions): Promise<DeployResult> {
  const { network, fleet } = target;
  const began = Date.now();
  const { module: file, maxMessages, onProgress, timeoutMs } = options;
  // What no node can run, or can send nothing, replaces nothing.
  const module = file === undefined ? undefined : await provideSensor(target, file);
  const proxyUrl = options.proxy === undefined ? undefined : urlOfProxy(options.proxy, network.proxyNames);
  const all = await network.nodes();
  let nodes = nodesByRegion(all, options.regions);
  const regions = [...nodes.keys()];
  if (!options.takeOver) refuseForeign(await foreignJobs(network, { role: 'publisher', regions }));
  onProgress('submitting the publisher');
  const { submissionTime, submissions } = await submitInOrder(target, regions, (region, time) => ({
    role: 'publisher',
    region,
    submissionTime: time,
    module,
    config: options.config,
    proxyUrl: proxyUrl ?? network.sensorProxyUrl(region),
    configFile: configFileOf(network, region, options.configFile),
    profile: options.profile,
    anomalies: options.anomalies,
    maxMessages,
    allow: options.allow,
  }));
  const allRegions = await stopAllRegionsJob(network, options.regions === undefined);

  const seen = new Map<string, number>();
  let most = 0;
  let since = Date.now();
  const check = async () => {
    const [fresh, any] = await Promise.all([fleet.countSince(submissionTime), fleet.countSince(0)]);
    for (const [region, { unchanged }] of submissions) seen.set(region, (unchanged ? any : fresh)[region] ?? 0);
    const arrived = sum([...nodes].map(([region, { connected }]) => Math.min(connected, seen.get(region) ?? 0)));
    const expected = connectedOf(nodes);
    onProgress(`${arrived}/${expected} sensors reporting`);
    if (arrived > most) {
      most = arrived;
      since = Date.now();
    }
    if (arrived >= expected) return 'all';
    return Date.now() - since > timeoutMs ? 'some' : undefined;
  };
  const watch = new AbortController();
  const jobIds = submissions.map(([, { jobId }]) => jobId);
  const mayComplete = maxMessages !== undefined;
  const failure = watchNodes(network, { jobIds, mayComplete }, watch.signal, (now) => {
    // Does not wait for a node that is cut off in the meantime.
    nodes = nodesByRegion(now, regions);
  });
  try {
    const waiting = waitFor(check, { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 50, signal: watch.signal });
    if ((await Promise.race([waiting, failure])) === 'some') {
      throw deployTimeout(nodes, seen, {
        timeoutMs,
        hint: (await silentHint(proxyUrl, network)) ?? options.timeoutHint,
      });
    }
  } finally {
    watch.abort();
  }
  const seconds = (Date.now() - began) / 1000;
  const { sensors } = await fleet.snapshot();
  return {
    submissionTime,
    regions: submissions.map(([region, { jobId, unchanged }]) => {
      const { connected, disconnected } = nodes.get(region)!;
      return {
        ...{ region, jobId, unchanged, expected: connected, seen: seen.get(region) ?? 0, pending: disconnected },
        ...(connected === 0 ? { kept: keptBy(sensors.filter((one) => one.region === region)) } : {}),
      };
    }),
    facts: [
      ...distinct(submissions.flatMap(([, { facts }]) => facts)),
      ...allRegions,
      ...unschedulableNodes(all).map((node) => ({ type: 'node.unschedulable' as const, ...node })),
      ...(await overriddenBy(target.proxy, all, { regions, config: options.config })),
    ],
    seconds,
  };
}

/** Rejects as `provideModule` does, and with `MODULE_REFUSED` for a module that can send no readings. */
async function provideSensor(target: DeployTarget, file: string): Promise<UserModule> {
  const module = await provideModule(target, file);
  if (module.facts.http) return module;
  throw new AppError('MODULE_REFUSED', `${basename(file)} is no sensor: it does not import ${HTTP_FUNCTION}`, {
    hint: 'It can send no readings. Begin a sensor with `wasm-sensors init`; `deploy module` runs any program.',
  });
}

/** `names`: those that the network has for proxies. Throws `BAD_OPTION` for what is no URL. */
function urlOfProxy(given: string, names: Network['proxyNames'] = {}): string {
  const url = Object.hasOwn(names, given) ? names[given]! : given;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, '');
  const known = Object.keys(names);
  throw new AppError(
    'BAD_OPTION',
    `--proxy: ${JSON.stringify(given)} is not a URL that begins with http:// or https://`,
    { hint: known.length > 0 ? `Give a URL, or ${known.join(' or ')}.` : undefined },
  );
}

/** Where nothing answers at the proxy that was given. A name of the network's own leads nowhere from here. */
async function silentHint(url: string | undefined, { proxyNames = {} }: Network): Promise<string | undefined> {
  if (url === undefined || Object.values(proxyNames).includes(url)) return undefined;
  if (await answersHttp(`${url}/health`)) return undefined;
  return `Nothing answers at ${url}, where these sensors send to (asked from here).`;
}

function deployTimeout(
  nodes: Map<string, RegionNodes>,
  seen: Map<string, number>,
  { timeoutMs, hint }: { timeoutMs: number; hint: string },
) {
  const message = `not all sensors are reporting, and no further one began within ${timeoutMs / 1000} s`;
  const details = [...nodes].map(
    ([region, { connected }]) => `${region}: ${seen.get(region) ?? 0} of ${connected} sensors reporting`,
  );
  return new AppError('DEPLOY_TIMEOUT', message, { details, hint });
}

/** The file on the nodes; left out: the network's own. Where nodes see this machine's files, a path is relative to here. */
function configFileOf(network: Network, region: string, given: string | undefined): string | undefined {
  const own = network.configFile?.(region);
  if (given === undefined) return own?.onNode;
  return own && own.here === own.onNode ? resolve(given) : given;
}

/** What the fleet configuration overrides of the given values; nothing where it can't be asked. */
async function overriddenBy(
  proxy: DeployTarget['proxy'],
  nodes: NodeInfo[],
  { regions, config }: { regions: string[]; config: SensorConfig },
): Promise<DeployFact[]> {
  const state = await proxy.state().catch(() => undefined);
  if (!state) return [];
  const hosts = nodes.filter(({ region }) => regions.includes(region)).map(({ name }) => name);
  const given = SENSOR_CONFIG_FIELDS.filter((field) => config[field] !== undefined);
  const deciding = decidingScopes(state, { regions, hosts }, given);
  const byHosts = deciding.filter(({ scope }) => 'hostname' in scope).length;
  const unnamed = Math.max(0, byHosts - HOSTS_NAMED);
  const named = deciding.slice(0, deciding.length - unnamed);
  return [
    ...named.map(({ scope, fields }) => ({ type: 'config.overridden' as const, scope, fields })),
    ...(unnamed > 0 ? [{ type: 'config.overridden-by-more' as const, hosts: unnamed }] : []),
  ];
}

/** Regions often report the same fact. */
const distinct = (facts: NetworkFact[]): NetworkFact[] => [
  ...new Map(facts.map((fact) => [JSON.stringify(fact), fact])).values(),
];

const connectedOf = (nodes: Map<string, RegionNodes>) => sum([...nodes.values()].map(({ connected }) => connected));

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
