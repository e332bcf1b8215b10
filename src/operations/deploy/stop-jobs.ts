/** Stops publishers, and modules of the user. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SensorView } from '../../fleet/fleet-view.js';
import { AppError } from '../../lib/errors/app-error.js';
import { requireRegions } from '../../network/edge-nodes.js';
import { isActive, type JobInfo, type Network } from '../../network/network.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { type KeptReadings, keptBy, withoutRelay } from '../kept-readings.js';
import { isForeign, type JobSelector, jobsOf, refuseForeign } from './job-owners.js';

export interface StopTarget {
  network: Pick<Network, 'jobs' | 'nodes' | 'stop' | 'owner'>;
  fleet: Pick<FleetClient, 'snapshot' | 'stats' | 'annotate'>;
  /** The operator token, which the fleet view needs for annotations. */
  token: string;
}

/** Of all regions where none is named; with `takeOver` also jobs of other state folders. */
export type StopOptions = { regions?: string[] | undefined; takeOver?: boolean };

export type StopResult = Awaited<ReturnType<typeof stopPublisher>>;

/** A reading that was sent arrives within this time. */
const ON_ITS_WAY_MS = 1000;
/** Sensors with longer intervals than this are not waited for. */
const LONGEST_MS = 15_000;
/** A node that was cut off hears of the stop only when it is connected again. */
const TIMEOUT_MS = 60_000;

/**
 * Stops the publisher jobs; resolves when no reading of them has arrived for longer than the longest interval of a sensor
 * that was live, with the regions where one ran (`all` for one without a region), and the readings that are given up (of sensors
 * that were cut off, at most). Rejects with `NO_SUCH_REGION`, `JOBS_OF_OTHERS` and `STILL_SENDING`.
 */
export async function stopPublisher(target: StopTarget, options: StopOptions) {
  const { network, fleet, token } = target;
  const { regions } = options;
  // One without a region is not of the regions that are named.
  const publishers = async () =>
    jobsOf(await network.jobs(), { role: 'publisher', regions }).filter(
      ({ ref }) => !regions || ref.region !== undefined,
    );
  const wanted = await publishers();
  if (regions) await requireKnownRegions(network, regions, wanted);
  // Others may send from the same places, and go on.
  const ids = new Set(wanted.map(({ id }) => id));
  const isOfJobs = ({ job_id: id }: SensorView) => ids.has(id);
  const snapshot = await fleet.snapshot();
  const sensors = snapshot.sensors.filter(isOfJobs);
  const intervals = sensors.filter(({ state }) => state === 'live').map(({ config }) => config?.intervalMs ?? 0);
  const quietMs = Math.min(LONGEST_MS, Math.max(0, ...intervals)) + ON_ITS_WAY_MS;
  const { readings: givenUp } = keptBy(withoutRelay(snapshot).filter(isOfJobs));
  const stopped = await stopJobs(target, wanted, options);
  if (stopped.length === 0) return { stopped, quietSeconds: 0, givenUp: 0 };
  const received = async () =>
    (await fleet.snapshot()).sensors.filter(isOfJobs).reduce((sum, one) => sum + one.received, 0);
  // Until nothing has arrived for that time, in which the queue was empty.
  const deadline = Date.now() + TIMEOUT_MS + quietMs;
  let before = await received();
  let since = Date.now();
  for (let wasEmpty = false; !wasEmpty || Date.now() - since < quietMs; ) {
    if (Date.now() >= deadline) {
      throw new AppError('STILL_SENDING', 'the publishers were stopped, but readings still arrive', {
        hint: 'Run `wasm-sensors status` to see which sensors send them.',
      });
    }
    await sleep(quietMs / 10);
    const [now, { depth }] = await Promise.all([received(), fleet.stats()]);
    const arrived = now !== before;
    if (arrived) [before, since] = [now, Date.now()];
    // Readings of others come and go.
    wasEmpty = !arrived && (wasEmpty || depth === undefined || depth.visible + depth.inFlight === 0);
  }
  // Again, for sensors whose last readings were still on their way.
  await fleet.annotate({ endedJobs: (await publishers()).map(({ id }) => id) }, token);
  return { stopped, quietSeconds: quietMs / 1000, givenUp };
}

/**
 * Stops a module; resolves with the regions where one ran. Rejects with `NO_SUCH_MODULE` where none of this name was
 * deployed, with `NO_SUCH_REGION` and `JOBS_OF_OTHERS`.
 */
export async function stopModule(
  target: StopTarget,
  name: string,
  options: StopOptions,
): Promise<{ name: string; stopped: string[] }> {
  const all = await target.network.jobs();
  const wanted = jobsOf(all, { role: 'module', name, regions: options.regions });
  if (wanted.length > 0) return { name, stopped: await stopJobs(target, wanted, options) };
  if (options.regions) await requireKnownRegions(target.network, options.regions, wanted);
  const names = [...new Set(all.flatMap(({ ref }) => ref.name ?? []))];
  throw new AppError('NO_SUCH_MODULE', `no module ${JSON.stringify(name)} is deployed`, {
    hint: names.length > 0 ? `Deployed: ${names.join(', ')}.` : 'Deploy one with `wasm-sensors deploy module FILE`.',
  });
}

export async function keptByJobs(
  { network, fleet }: Pick<StopTarget, 'network' | 'fleet'>,
  selector: JobSelector,
): Promise<KeptReadings> {
  const jobs = new Set(jobsOf(await network.jobs(), selector).map(({ id }) => id));
  return keptBy(withoutRelay(await fleet.snapshot()).filter(({ job_id: id }) => jobs.has(id)));
}

/** A region is known by its nodes, or by a job for nodes that are gone. */
async function requireKnownRegions(network: StopTarget['network'], regions: string[], jobs: JobInfo[]): Promise<void> {
  const ofNodes = (await network.nodes()).filter(({ type }) => type === 'edge').map(({ region }) => region);
  requireRegions(regions, [...ofNodes, ...jobs.flatMap(({ ref }) => ref.region ?? [])]);
}

/** Resolves with the regions where one ran. The fleet view hears of it at once, so that nobody misses their readings. */
async function stopJobs({ network, fleet, token }: StopTarget, jobs: JobInfo[], { takeOver }: StopOptions) {
  if (!takeOver) refuseForeign(jobs.filter((job) => isActive(job) && isForeign(job, network)));
  const ended = async () => fleet.annotate({ endedJobs: jobs.map(({ id }) => id) }, token);
  // Before they stop, too: what they take meanwhile is not waited for.
  if (jobs.some(isActive)) await ended();
  const stopped = await Promise.all(
    jobs.map(async ({ ref }) => ((await network.stop(ref)) ? [ref.region ?? 'all'] : [])),
  );
  if (jobs.length > 0) await ended();
  return [...new Set(stopped.flat())];
}
