/** Deploys the publisher. A submitted job may not run, so the result is what the readings show. */
import { AppError, withContext } from '../../lib/errors/app-error.js';
import { nodesByRegion, unschedulableNodes } from '../../network/edge-nodes.js';
import type { NetworkFact, NodeInfo } from '../../network/network.js';
import { decidingScopes, type Scope } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfig, type SensorConfigField } from '../../protocol/sensor-config.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { delivered, type KeptReadings, keptBy, lastReadings, runningSensors, withoutRelay } from '../kept-readings.js';
import { foreignJobs, refuseForeign } from './job-owners.js';
import { checkPublisher, publisherJob, type WantedPublisher } from './publisher-job.js';
import { type AllRegionsFact, type SubmitTarget, stopAllRegionsJob, submitInOrder } from './submit-in-order.js';
import { formerOptions, noteSubmitted, noteWorking, type PublisherOptions } from './versions.js';
import { waitUntilReporting } from './wait-until-reporting.js';

export interface DeployTarget extends SubmitTarget {
  fleet: Pick<FleetClient, 'snapshot' | 'stats' | 'countSince'>;
  /** Also asked which of the given values the fleet configuration overrides. */
  proxy: Pick<ProxyClient, 'state' | 'putModule'>;
}

export interface DeployOptions extends PublisherOptions {
  /** Left out: every region that has edge nodes. */
  regions?: string[] | undefined;
  /** Brings back what ran before, in place of the other options. */
  undo?: boolean | undefined;
  /**
   * What becomes of readings that sensors keep on connected nodes. `delivered`: nothing is replaced before they are stored;
   * `soon`: for a short while; `given-up`: all is replaced at once, also where a region is cut off.
   */
  kept: 'delivered' | 'soon' | 'given-up';
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
  /** It runs already where its nodes are cut off. */
  unseen?: true;
}

export type DeployFact =
  | NetworkFact
  | AllRegionsFact
  /** Given values that the fleet configuration overrides: of all sensors, or of one host. */
  | { type: 'config.overridden'; scope: Scope; fields: SensorConfigField[] }
  /** So many further hosts have values of their own, too. */
  | { type: 'config.overridden-by-more'; hosts: number };

export type DeployResult = Awaited<ReturnType<typeof deployPublisher>>;

/** At most so many hosts are named; further ones have the same cause. */
const HOSTS_NAMED = 3;

const RUN_ON = 'the sensors before run on where no new one reports';
const UNDO = '`wasm-sensors deploy publisher --undo` brings the version before back';

/** Where an `up` starts, its proxy is there again: sensors that run try again every 2 to 2.5 s. */
const SOON_MS = 10_000;

/**
 * Submits one publisher job a region, when those that run have delivered what they keep. Resolves when readings of every connected
 * node were seen, and the last ones of the sensors before. Rejects with `NO_SUCH_REGION`, `NO_NODES`, `JOBS_OF_OTHERS`,
 * `NOTHING_TO_UNDO`, `READINGS_KEPT`, `DEPLOY_FAILED` (executions failed; their messages are the details) or `DEPLOY_TIMEOUT`,
 * and as `checkPublisher` does.
 */
export async function deployPublisher(target: DeployTarget, options: DeployOptions) {
  const { network, fleet, stateDir } = target;
  const began = Date.now();
  const { onProgress, undo } = options;
  const given = undo ? undefined : await checkPublisher(target, options);
  const all = await network.nodes();
  const every = nodesByRegion(all, options.regions);
  const wanted = new Map<string, WantedPublisher>();
  if (given) for (const region of every.keys()) wanted.set(region, given);
  else {
    const former = formerOptions(stateDir, [...every.keys()], options.regions !== undefined);
    for (const [region, one] of former) wanted.set(region, await checkPublisher(target, one));
  }
  const regions = [...wanted.keys()];
  if (!options.takeOver) refuseForeign(await foreignJobs(network, { role: 'publisher', regions }));
  const before = options.kept === 'given-up' ? [] : await runningSensors(target, regions);
  const delivering = {
    timeoutMs: options.kept === 'soon' ? SOON_MS : options.timeoutMs,
    onProgress: (left: KeptReadings) =>
      onProgress(`waiting until sensors have delivered what they keep: ${left.readings} readings`),
  };
  await delivered(fleet, before, delivering).catch((error) => {
    if (options.kept !== 'soon') throw error;
  });
  onProgress('submitting the publisher');
  const submitted = await submitInOrder(
    target,
    regions,
    (region, time) => publisherJob(network, region, wanted.get(region)!, time),
    { now: options.kept === 'given-up' },
  );
  const { submissionTime, submissions } = submitted;
  noteSubmitted(stateDir, wanted, submissionTime);
  const allRegions = await stopAllRegionsJob(network, options.regions === undefined && !undo);
  const { nodes, seen } = await waitUntilReporting(target, submitted, {
    ...options,
    nodes: new Map([...every].filter(([region]) => wanted.has(region))),
    mayComplete: [...wanted.values()].some((one) => one.options.maxMessages !== undefined),
    proxyUrl: given?.proxyUrl,
  }).catch((error) => {
    if (before.length === 0 || !(error instanceof AppError)) throw error;
    throw withContext(error, { details: [...error.details, network.handsOver ? RUN_ON : UNDO] });
  });
  // Where a region is cut off, nothing speaks against it.
  noteWorking(stateDir, regions);
  const replaced = submissions.flatMap(([region, { unchanged }]) => (unchanged ? [] : [region]));
  const unaccounted = await lastReadings(
    fleet,
    before.filter(({ region }) => replaced.includes(region)),
    (left) => onProgress(`waiting for the last readings of the sensors before: ${left}`),
  );
  const seconds = (Date.now() - began) / 1000;
  const sensors = withoutRelay(await fleet.snapshot());
  const facts: DeployFact[] = [
    // Regions often report the same.
    ...new Map(submissions.flatMap(([, { facts }]) => facts.map((fact) => [JSON.stringify(fact), fact]))).values(),
    ...allRegions,
    ...unschedulableNodes(all).map((node) => ({ type: 'node.unschedulable' as const, ...node })),
    ...(await overriddenBy(target.proxy, all, { regions, config: given?.options.config ?? {} })),
  ];
  return {
    submissionTime,
    regions: submissions.map(([region, { jobId, unchanged }]): RegionDeployment => {
      const { connected, disconnected } = nodes.get(region)!;
      return {
        ...{ region, jobId, unchanged, expected: connected, seen: seen.get(region) ?? 0, pending: disconnected },
        ...(connected > 0
          ? {}
          : network.handsOver && options.kept === 'given-up'
            ? { unseen: true }
            : { kept: keptBy(sensors.filter((one) => one.region === region)) }),
      };
    }),
    facts,
    /** Readings of the sensors before that may have been taken, and are not stored; no more than these. */
    unaccounted,
    seconds,
  };
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
