/** Stopping the publisher: it ends with what was seen in the readings. */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../lib/errors/app-error.js';
import type { Network } from '../network/network.js';
import type { FleetClient } from '../puller/fleet-client.js';

export interface StopResult {
  /** Regions where one ran; `all` for a publisher without a region. */
  stopped: string[];
  /** So long, at the end, no reading came; seconds. */
  quietSeconds: number;
}

/** What is on its way takes less than this. */
const ON_ITS_WAY_MS = 1000;
/** Sensors with longer intervals than this are not waited for. */
const LONGEST_MS = 15_000;
const TIMEOUT_MS = 30_000;

/**
 * Ends the publisher jobs; resolves when no reading of them has come for longer than the longest interval of a sensor
 * that sent. `token`: the operator's, for the annotation of the fleet view. Rejects with `STILL_SENDING`.
 */
export async function stopPublisher(
  network: Network,
  fleet: FleetClient,
  regions: string[] | undefined,
  token: string,
): Promise<StopResult> {
  const publishers = async () =>
    (await network.jobs()).filter(
      ({ ref: { role, region } }) =>
        role === 'publisher' && (!regions || (region !== undefined && regions.includes(region))),
    );
  const wanted = await publishers();
  const affected = new Set(wanted.map(({ ref }) => ref.region));
  const concerns = (region: string) => affected.has(undefined) || affected.has(region);
  const sending = (await fleet.snapshot()).sensors.filter(({ region, state }) => concerns(region) && state === 'live');
  const intervals = sending.map(({ config }) => config?.intervalMs ?? 0);
  const quietMs = Math.min(LONGEST_MS, Math.max(0, ...intervals)) + ON_ITS_WAY_MS;
  const ended = await Promise.all(
    wanted.map(async ({ ref }) => ((await network.stop(ref)) ? [ref.region ?? 'all'] : [])),
  );
  const stopped = [...new Set(ended.flat())];
  if (stopped.length === 0) return { stopped, quietSeconds: 0 };
  // At once, so that no alarm goes off meanwhile; and again for those whose last readings were still on their way, and
  // for the job with which a Bacalhau 1.7 ends its sensors.
  await fleet.annotate({ endedJobs: wanted.map(({ id }) => id) }, token);
  await readingsEnded(fleet, concerns, quietMs);
  await fleet.annotate({ endedJobs: (await publishers()).map(({ id }) => id) }, token);
  return { stopped, quietSeconds: quietMs / 1000 };
}

/** Nothing more is on its way when nothing has come for so long and the queue is empty. */
async function readingsEnded(
  fleet: FleetClient,
  concerns: (region: string) => boolean,
  quietMs: number,
): Promise<void> {
  const received = async () => {
    const { regions } = await fleet.summary();
    return regions.filter(({ region }) => concerns(region)).reduce((sum, region) => sum + region.received, 0);
  };
  const deadline = Date.now() + TIMEOUT_MS + quietMs;
  let [before, since] = [await received(), Date.now()];
  while (Date.now() < deadline) {
    await sleep(100);
    const [now, { depth }] = await Promise.all([received(), fleet.stats()]);
    const empty = depth === undefined || depth.visible + depth.inFlight === 0;
    if (now !== before || !empty) [before, since] = [now, Date.now()];
    else if (Date.now() - since >= quietMs) return;
  }
  throw systemError('STILL_SENDING', 'the jobs were stopped, but readings still come', {
    hint: 'Look at `wasm-sensors status`.',
  });
}
