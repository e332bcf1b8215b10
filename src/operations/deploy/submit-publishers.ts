/** Submits one publisher job a region, and stops a publisher for all regions that would run beside them. */
import { join, resolve } from 'node:path';
import { ALL_REGIONS_PUBLISHER, type JobRequest, type PublisherJob, sameJob } from '../../jobs/job-request.js';
import { AppError, messageOf, withContext } from '../../lib/errors/app-error.js';
import { withFileLock } from '../../lib/fs/file-lock.js';
import { isActive, type Network, type Submission } from '../../network/network.js';
import { MAX_AHEAD_MS } from '../../protocol/message.js';
import type { SensorConfig } from '../../protocol/sensor-config.js';
import type { FleetClient } from '../../puller/fleet-client.js';

export interface PublisherOptions
  extends Pick<PublisherJob, 'profile' | 'anomalies' | 'maxMessages' | 'module' | 'allow'> {
  config: SensorConfig;
  /** Where the sensors send to, instead of the network's own proxy. */
  proxyUrl?: string;
  /** A YAML file on the nodes, instead of the network's own for each region. */
  configFile?: string;
}

export interface SubmitTarget {
  network: Network;
  fleet: Pick<FleetClient, 'snapshot'>;
  /** The folder of this network: its submissions wait for each other. */
  stateDir: string;
  /** Called when a submission begins. */
  onSubmit?(submission: Promise<Submission>): void;
}

/** Submitting to a cluster takes a second or two. */
const LOCK_MS = 60_000;

export interface Submitted {
  submissionTime: number;
  submissions: [region: string, Submission][];
}

export const submitPublishers = (
  target: SubmitTarget,
  regions: string[],
  options: PublisherOptions,
): Promise<Submitted> =>
  submitInOrder(target, regions, (region, submissionTime) => jobFor(region, target.network, submissionTime, options));

/**
 * A newer submission replaces a sensor, so submissions are numbered in the order in which they happen, one command
 * after the other. `jobOf` makes the job of a region.
 */
export function submitInOrder(
  { network, fleet, stateDir, onSubmit }: SubmitTarget,
  regions: string[],
  jobOf: (region: string, submissionTime: number) => JobRequest,
): Promise<Submitted> {
  return withFileLock(join(stateDir, 'deploy.lock'), LOCK_MS, async () => {
    const submissionTime = await nextSubmission(fleet);
    const submissions = await submitToRegions(regions, (region) => {
      const submission = network.submit(jobOf(region, submissionTime));
      onSubmit?.(submission);
      return submission;
    });
    return { submissionTime, submissions };
  });
}

/**
 * The time now, or more where the clock was set back since the last submission. A time too far ahead is not a sensor's.
 */
async function nextSubmission(fleet: Pick<FleetClient, 'snapshot'>): Promise<number> {
  const now = Date.now();
  const known = (await fleet.snapshot()).sensors.map((sensor) => sensor.job_submission_time);
  return known.reduce((next, time) => (time >= next && time < now + 2 * MAX_AHEAD_MS ? time + 1 : next), now);
}

function jobFor(region: string, network: Network, submissionTime: number, options: PublisherOptions): PublisherJob {
  const { config, module, profile, anomalies, maxMessages, allow } = options;
  const own = network.configFile?.(region);
  // Where nodes see this machine's files, a path is relative to this command's folder.
  const given = own && own.here === own.onNode ? options.configFile && resolve(options.configFile) : options.configFile;
  const configFile = given ?? own?.onNode;
  return {
    role: 'publisher',
    region,
    proxyUrl: options.proxyUrl ?? network.sensorProxyUrl(region),
    config,
    submissionTime,
    ...(module === undefined ? {} : { module }),
    ...(configFile === undefined ? {} : { configFile }),
    ...(profile === undefined ? {} : { profile }),
    ...(anomalies === undefined ? {} : { anomalies }),
    ...(maxMessages === undefined ? {} : { maxMessages }),
    ...(allow === undefined ? {} : { allow }),
  };
}

/** Submits to all regions at the same time. Rejects with the first failure, whose details name what was submitted. */
export async function submitToRegions(
  regions: string[],
  submit: (region: string) => Promise<Submission>,
): Promise<[string, Submission][]> {
  const outcomes = await Promise.allSettled(regions.map((region) => submit(region)));
  const done: [string, Submission][] = [];
  const failed: { region: string; reason: unknown }[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    const region = regions[i]!;
    if (outcome.status === 'fulfilled') done.push([region, outcome.value]);
    else failed.push({ region, reason: outcome.reason });
  }
  const [first, ...others] = failed;
  if (!first) return done;
  if (regions.length === 1 || !(first.reason instanceof AppError)) throw first.reason;
  throw withContext(first.reason, {
    message: `${first.region}: ${first.reason.message}`,
    cause: first.reason,
    details: [
      ...first.reason.details,
      ...others.map(({ region, reason }) => `${region}: ${messageOf(reason)}`),
      ...done.map(([region, { jobName, unchanged }]) =>
        unchanged
          ? `${region}: ${jobName} keeps running unchanged`
          : `${region}: ${jobName} was submitted and keeps running`,
      ),
    ],
  });
}

/** A publisher for all regions, submitted by hand from our template. */
export type AllRegionsFact = { type: 'all-regions-job.running' } | { type: 'all-regions-job.stopped' };

/**
 * Stops it where every region has a publisher of its own (`everywhere`); elsewhere only reports it, for it may be all that
 * other regions have.
 */
export async function stopAllRegionsJob(network: Network, everywhere: boolean): Promise<AllRegionsFact[]> {
  if (!everywhere) {
    const jobs = await network.jobs();
    const runs = jobs.some((job) => sameJob(job.ref, ALL_REGIONS_PUBLISHER) && isActive(job));
    return runs ? [{ type: 'all-regions-job.running' }] : [];
  }
  return (await network.stop(ALL_REGIONS_PUBLISHER)) ? [{ type: 'all-regions-job.stopped' }] : [];
}
