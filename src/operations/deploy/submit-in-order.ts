/** Submits one job a region, in the order of commands; and puts back what a deployment has replaced in vain. */
import { join } from 'node:path';
import { ALL_REGIONS_PUBLISHER, type JobRequest, sameJob } from '../../jobs/job-request.js';
import { AppError, messageOf, withContext } from '../../lib/errors/app-error.js';
import { withFileLock } from '../../lib/fs/file-lock.js';
import type { UserModule } from '../../modules/user-module.js';
import { isActive, type Network, type Submission } from '../../network/network.js';
import { MAX_SUBMISSION_AHEAD_MS } from '../../protocol/message.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';
import type { FleetClient } from '../../puller/fleet-client.js';

export interface SubmitTarget {
  network: Network;
  fleet: Pick<FleetClient, 'snapshot' | 'stats'>;
  /** Keeps modules that nodes download. */
  proxy: Pick<ProxyClient, 'putModule'>;
  /** The folder of this network: its submissions wait for each other. */
  stateDir: string;
  /** Called when a submission begins. */
  onSubmit?: ((submission: Promise<Submission>) => void) | undefined;
}

/** Puts a module of the user where nodes download it, if it is too large for a job: whether it is. Rejects with the proxy's error. */
export async function provideModule(
  { network, proxy }: Pick<SubmitTarget, 'network' | 'proxy'>,
  { sha256, bytes }: UserModule,
): Promise<boolean> {
  const downloaded = network.downloadsModule?.(bytes.length) ?? false;
  if (downloaded) await proxy.putModule(sha256, bytes);
  return downloaded;
}

/** Submitting to a cluster takes a second or two. */
const LOCK_MS = 60_000;

export interface Submitted {
  submissionTime: number;
  submissions: [region: string, Submission][];
}

/**
 * A newer submission replaces a sensor, so submissions are numbered in the order in which they happen, one command
 * after the other. `jobOf` makes the job of a region; `now`: without a handover.
 */
export function submitInOrder(
  { network, fleet, stateDir, onSubmit }: SubmitTarget,
  regions: string[],
  jobOf: (region: string, submissionTime: number) => JobRequest,
  options?: { now: boolean },
): Promise<Submitted> {
  return withFileLock(join(stateDir, 'deploy.lock'), LOCK_MS, async () => {
    // The clock of the puller: that of this command may be another machine's, and wrong.
    const [{ sensors }, { clockAheadMs, now }] = await Promise.all([fleet.snapshot(), fleet.stats()]);
    const known = sensors.map((sensor) => sensor.job_submission_time);
    // More than now where the clock was set back since the last submission. What proxies would refuse is no sensor's, or that of
    // one that was submitted while the clock was ahead.
    const latest = Math.max(now, now - clockAheadMs) + MAX_SUBMISSION_AHEAD_MS;
    const isKnown = (time: number, next: number) => time >= next && time <= latest;
    const submissionTime = known.reduce((next, time) => (isKnown(time, next) ? time + 1 : next), now);
    const submissions = await submitToRegions(regions, (region) => {
      const submission = network.submit(jobOf(region, submissionTime), options);
      onSubmit?.(submission);
      return submission;
    });
    return { submissionTime, submissions };
  });
}

/** Submits to all regions at the same time. Rejects with the first failure, whose details name what was submitted. */
export async function submitToRegions(
  regions: string[],
  submit: (region: string) => Promise<Submission>,
): Promise<[string, Submission][]> {
  const done: [string, Submission][] = [];
  const failed: { region: string; reason: unknown }[] = [];
  const outcomes = await Promise.allSettled(regions.map(submit));
  for (const [i, outcome] of outcomes.entries()) {
    const region = regions[i]!;
    if (outcome.status === 'fulfilled') done.push([region, outcome.value]);
    else failed.push({ region, reason: outcome.reason });
  }
  const [first, ...others] = failed;
  if (!first) return done;
  if (regions.length === 1 || !(first.reason instanceof AppError)) throw first.reason;
  const kept = done.map(([region, { jobName, unchanged }]) => {
    return `${region}: ${jobName} ${unchanged ? 'keeps running unchanged' : 'was submitted and keeps running'}`;
  });
  throw withContext(first.reason, {
    message: `${first.region}: ${first.reason.message}`,
    cause: first.reason,
    details: [
      ...first.reason.details,
      ...others.map(({ region, reason }) => `${region}: ${messageOf(reason)}`),
      ...kept,
    ],
  });
}

/**
 * Runs again what these submissions replaced, also those under way: an `up` that fails takes its proxy with it. Resolves with the
 * names of the jobs.
 */
export async function restoreReplaced(network: Pick<Network, 'restore'>, submissions: Promise<Submission>[]) {
  const restored: string[] = [];
  const failed: { job: string; reason: string }[] = [];
  for (const outcome of await Promise.allSettled(submissions)) {
    if (outcome.status === 'rejected' || !outcome.value.replaced) continue;
    const { jobName: job } = outcome.value;
    try {
      await network.restore?.(outcome.value);
      restored.push(job);
    } catch (error) {
      failed.push({ job, reason: messageOf(error) });
    }
  }
  return { restored, failed };
}

/** A publisher for all regions, submitted by hand from our template. */
export type AllRegionsFact = { type: 'all-regions-job.running' } | { type: 'all-regions-job.stopped' };

/**
 * Stops it where every region has a publisher of its own (`everywhere`); elsewhere only reports it, for it may be all that
 * other regions have.
 */
export async function stopAllRegionsJob(network: Network, everywhere: boolean): Promise<AllRegionsFact[]> {
  if (everywhere) return (await network.stop(ALL_REGIONS_PUBLISHER)) ? [{ type: 'all-regions-job.stopped' }] : [];
  const runs = (await network.jobs()).some((job) => sameJob(job.ref, ALL_REGIONS_PUBLISHER) && isActive(job));
  return runs ? [{ type: 'all-regions-job.running' }] : [];
}
