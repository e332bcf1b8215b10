/** Stops the publisher, and waits until no more readings arrive. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../lib/errors/app-error.js';
import { isActive, type JobInfo, type Network } from '../../network/network.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { isForeign, refuseForeign } from './job-owners.js';

export interface StopResult {
  /** Regions where one ran; `all` for a publisher without a region. */
  stopped: string[];
  /** Seconds at the end in which no reading arrived. */
  quietSeconds: number;
}

/** A reading that was sent arrives within this time. */
const ON_ITS_WAY_MS = 1000;
/** Sensors with longer intervals than this are not waited for. */
const LONGEST_MS = 15_000;
/** A node that was cut off hears of the stop only when it is connected again. */
const TIMEOUT_MS = 60_000;

export interface StopTarget {
  network: Pick<Network, 'jobs' | 'stop' | 'owner'>;
  fleet: FleetPort;
  /** The operator token, which the fleet view needs for annotations. */
  token: string;
}

type FleetPort = Pick<FleetClient, 'snapshot' | 'summary' | 'stats' | 'annotate'>;

/**
 * Stops the publisher jobs, of all regions or of those named; resolves when no reading of them has arrived for longer than
 * the longest interval of a sensor that was live. Rejects with `JOBS_OF_OTHERS`, unless those are to be stopped, too
 * (`takeOver`), and with `STILL_SENDING`.
 */
export async function stopPublisher(
  { network, fleet, token }: StopTarget,
  regions: string[] | undefined,
  takeOver = false,
): Promise<StopResult> {
  const publishers = async () =>
    (await network.jobs()).filter(
      ({ ref: { role, region } }) =>
        role === 'publisher' && (!regions || (region !== undefined && regions.includes(region))),
    );
  const wanted = await publishers();
  const running = wanted.filter(isActive);
  if (!takeOver) refuseForeign(running.filter((job) => isForeign(job, network)));
  const affected = new Set(wanted.map(({ ref }) => ref.region));
  const concerns = (region: string) => affected.has(undefined) || affected.has(region);
  const sending = (await fleet.snapshot()).sensors.filter(({ region, state }) => concerns(region) && state === 'live');
  const intervals = sending.map(({ config }) => config?.intervalMs ?? 0);
  const quietMs = Math.min(LONGEST_MS, Math.max(0, ...intervals)) + ON_ITS_WAY_MS;
  const ended = async (jobs: JobInfo[]) => fleet.annotate({ endedJobs: jobs.map(({ id }) => id) }, token);
  // Before they stop, so that what they take meanwhile is not waited for.
  if (running.length > 0) await ended(running);
  const results = await Promise.all(
    wanted.map(async ({ ref }) => ((await network.stop(ref)) ? [ref.region ?? 'all'] : [])),
  );
  const stopped = [...new Set(results.flat())];
  if (stopped.length === 0) return { stopped, quietSeconds: 0 };
  // At once, so that no alert fires meanwhile; and again for sensors whose last readings were still on their way.
  await ended(wanted);
  await noMoreReadings(fleet, concerns, quietMs);
  await ended(await publishers());
  return { stopped, quietSeconds: quietMs / 1000 };
}

/** Waits until nothing has arrived for `quietMs` and the queue is empty. */
async function noMoreReadings(fleet: FleetPort, concerns: (region: string) => boolean, quietMs: number): Promise<void> {
  const received = async () => {
    const { regions } = await fleet.summary();
    return regions.filter(({ region }) => concerns(region)).reduce((sum, region) => sum + region.received, 0);
  };
  const deadline = Date.now() + TIMEOUT_MS + quietMs;
  let before = await received();
  let since = Date.now();
  while (Date.now() < deadline) {
    await sleep(100);
    const [now, { depth }] = await Promise.all([received(), fleet.stats()]);
    const empty = depth === undefined || depth.visible + depth.inFlight === 0;
    if (now === before && empty) {
      if (Date.now() - since >= quietMs) return;
      continue;
    }
    before = now;
    since = Date.now();
  }
  throw new AppError('STILL_SENDING', 'the publishers were stopped, but readings still arrive', {
    hint: 'Run `wasm-sensors status` to see which sensors send them.',
  });
}
