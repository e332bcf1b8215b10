/** Deploying the publisher: submitted is not running, so it ends with what was seen in the readings. */
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublisherJob } from '../jobs/job-request.js';
import { waitFor } from '../lib/async/backoff.js';
import { systemError } from '../lib/errors/app-error.js';
import { withFileLock } from '../lib/fs/file-lock.js';
import type { Network, NodeInfo } from '../network/network.js';
import { newestByNode } from '../network/newest-executions.js';
import { nodesByRegion, unschedulableNodes } from '../network/region-nodes.js';
import { MAX_AHEAD_MS } from '../protocol/message.js';
import type { SensorConfig } from '../protocol/sensor-config.js';
import type { FleetClient } from '../puller/fleet-client.js';
import { endAllRegionsJob } from './all-regions-job.js';
import { submitToRegions } from './submit-regions.js';

export interface DeployOptions {
  config: SensorConfig;
  /** Left out: every region that has edge nodes. */
  regions?: string[];
  /** Where the sensors send to, instead of the network's own proxy. */
  proxyUrl?: string;
  /** A YAML file on the nodes, instead of the network's own for each region. */
  configFile?: string;
  maxMessages?: number;
  /** The folder of this network: what several commands submit there is submitted one after the other. */
  stateDir: string;
  /** Gives up when no further sensor was seen for so long: how long all take depends on how many share a processor. */
  timeoutMs: number;
  /** What to do when not every sensor sent in time. */
  timeoutHint: string;
  onProgress(progress: DeployProgress): void;
}

/** Submitting to a cluster takes a second or two. */
const LOCK_MS = 60_000;
const LOOK_MS = 1500;
/** A look at the executions is followed by a pause of so many times what it took. */
const LOOK_SHARE = 10;

export interface DeployProgress {
  step: 'submitting' | 'waiting';
  /** Sensors whose readings were seen, of those expected. */
  seen: number;
  expected: number;
}

export interface DeployResult {
  submissionTime: number;
  /** `pending`: disconnected nodes, which run it when they are back. */
  regions: { region: string; jobId: string; unchanged: boolean; expected: number; seen: number; pending: number }[];
  notes: string[];
  seconds: number;
}

/**
 * Submits one publisher job a region and waits until readings of every connected node were seen. Rejects with `NO_NODES`,
 * `DEPLOY_FAILED` (executions failed; their messages are the details) or `DEPLOY_TIMEOUT`.
 */
export async function deployPublisher(
  network: Network,
  fleet: FleetClient,
  options: DeployOptions,
): Promise<DeployResult> {
  const began = Date.now();
  const all = await network.nodes();
  let nodes = nodesByRegion(all, options.regions);
  const expected = () => sum([...nodes.values()].map(({ connected }) => connected));
  options.onProgress({ step: 'submitting', seen: 0, expected: expected() });
  // Sensors of an older submission give way to those of a newer one, so what is submitted later must be newer.
  const { submissionTime, submissions } = await withFileLock(
    join(options.stateDir, 'deploy.lock'),
    LOCK_MS,
    async () => {
      const submissionTime = await nextSubmission(fleet);
      const submissions = await submitToRegions([...nodes.keys()], (region) =>
        network.submit(jobFor(region, network, submissionTime, options)),
      );
      return { submissionTime, submissions };
    },
  );
  const beside = await endAllRegionsJob(network, options.regions === undefined);

  const seen = new Map<string, number>();
  let [most, since] = [0, Date.now()];
  const look = async () => {
    const [fresh, any] = await Promise.all([fleet.countSince(submissionTime), fleet.countSince(0)]);
    for (const [region, { unchanged }] of submissions) seen.set(region, (unchanged ? any : fresh)[region] ?? 0);
    const arrived = sum([...nodes].map(([region, { connected }]) => Math.min(connected, seen.get(region) ?? 0)));
    options.onProgress({ step: 'waiting', seen: arrived, expected: expected() });
    if (arrived > most) [most, since] = [arrived, Date.now()];
    if (arrived >= expected()) return 'all';
    return Date.now() - since > options.timeoutMs ? 'some' : undefined;
  };
  const watch = new AbortController();
  const jobIds = submissions.map(([, { jobId }]) => jobId);
  const failure = watchNodes(network, jobIds, watch.signal, (now) => {
    // A node that is cut off meanwhile is not waited for.
    nodes = nodesByRegion(now, [...nodes.keys()]);
  });
  try {
    const done = await Promise.race([
      waitFor(look, { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 50, signal: watch.signal }),
      failure,
    ]);
    if (done === 'some') {
      const { timeoutMs, timeoutHint: hint } = options;
      const details = [...nodes].map(
        ([region, { connected }]) => `${region}: ${seen.get(region) ?? 0} of ${connected} sensors send`,
      );
      const message = `not every sensor sends, and for ${timeoutMs / 1000} s no further one began`;
      throw systemError('DEPLOY_TIMEOUT', message, { details, hint });
    }
  } finally {
    watch.abort();
  }
  return {
    submissionTime,
    regions: submissions.map(([region, { jobId, unchanged }]) => {
      const { connected, disconnected } = nodes.get(region)!;
      const count = seen.get(region) ?? 0;
      return { region, jobId, unchanged, expected: connected, seen: count, pending: disconnected };
    }),
    notes: [...new Set([...submissions.flatMap(([, { notes }]) => notes), ...beside, ...unschedulableNodes(all)])],
    seconds: (Date.now() - began) / 1000,
  };
}

/** Now, or more: the clock may have been set back since the last submission. What is too far ahead is no sensor's. */
async function nextSubmission(fleet: FleetClient): Promise<number> {
  const now = Date.now();
  const known = (await fleet.snapshot()).sensors.map((sensor) => sensor.job_submission_time);
  return known.reduce((next, time) => (time >= next && time < now + 2 * MAX_AHEAD_MS ? time + 1 : next), now);
}

function jobFor(region: string, network: Network, submissionTime: number, options: DeployOptions): PublisherJob {
  const own = network.configFile?.(region);
  // Where nodes see this machine's files, a path is one from here.
  const given = own && own.here === own.onNode ? options.configFile && resolve(options.configFile) : options.configFile;
  const configFile = given ?? own?.onNode;
  return {
    role: 'publisher',
    region,
    proxyUrl: options.proxyUrl ?? network.sensorProxyUrl(region),
    config: options.config,
    submissionTime,
    ...(configFile === undefined ? {} : { configFile }),
    ...(options.maxMessages === undefined ? {} : { maxMessages: options.maxMessages }),
  };
}

/** Rejects as soon as an execution of these jobs has failed on a node that is there; tells of the nodes on the way. */
async function watchNodes(
  network: Network,
  jobIds: string[],
  signal: AbortSignal,
  onNodes: (nodes: NodeInfo[]) => void,
): Promise<never> {
  for (let took = 0; ; ) {
    // Executions carry their whole job, and hundreds of them take time from the nodes that are to start them.
    await sleep(Math.max(LOOK_MS, LOOK_SHARE * took), undefined, { signal }).catch(() => {});
    // After the abort nobody looks at the outcome any more.
    if (signal.aborted) return new Promise(() => {});
    const began = Date.now();
    const [all, nodes] = await Promise.all([network.jobs(), network.nodes()]).catch(() => [[], undefined] as const);
    took = Date.now() - began;
    if (nodes) onNodes(nodes);
    const jobs = all.filter(({ id }) => jobIds.includes(id));
    const there = new Set(nodes?.flatMap(({ name, connected }) => (connected ? [name] : [])));
    const failed = jobs
      .flatMap(({ executions }) => newestByNode(executions).newest)
      .filter(({ state, node }) => state === 'failed' && there.has(node));
    const lost = jobs.filter(({ state }) => state === 'failed');
    if (failed.length + lost.length === 0) continue;
    throw systemError('DEPLOY_FAILED', `${failed.length || lost.length} of the publishers failed`, {
      details: [
        ...failed.map((e) => `${e.node}: ${e.message}`),
        ...(failed.length ? [] : lost.map((j) => `${j.name}: ${j.message}`)),
      ],
    });
  }
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
