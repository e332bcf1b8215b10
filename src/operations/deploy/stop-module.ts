/** Stops a module of the user. */
import { AppError } from '../../lib/errors/app-error.js';
import type { Network } from '../../network/network.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { isForeign, modulesOf, refuseForeign } from './job-owners.js';

export interface StopModuleTarget {
  network: Pick<Network, 'jobs' | 'stop' | 'owner'>;
  fleet: Pick<FleetClient, 'annotate'>;
  /** The operator token, which the fleet view needs for annotations. */
  token: string;
}

/**
 * Resolves with the regions where one ran. Rejects with `NO_SUCH_MODULE` where none of this name was deployed, and with
 * `JOBS_OF_OTHERS`, unless those are to be stopped, too (`takeOver`).
 */
export async function stopModule(
  { network, fleet, token }: StopModuleTarget,
  name: string,
  { regions, takeOver }: { regions?: string[] | undefined; takeOver: boolean },
): Promise<{ name: string; stopped: string[] }> {
  const all = await network.jobs();
  const wanted = modulesOf(all, name, regions);
  if (wanted.length === 0)
    throw noSuchModule(
      name,
      all.flatMap(({ ref }) => ref.name ?? []),
    );
  if (!takeOver) refuseForeign(wanted.filter((job) => isForeign(job, network)));
  // What sent readings is not missed from now on.
  await fleet.annotate({ endedJobs: wanted.map(({ id }) => id) }, token);
  const stopped = await Promise.all(
    wanted.map(async ({ ref }) => ((await network.stop(ref)) ? [ref.region ?? 'all'] : [])),
  );
  return { name, stopped: [...new Set(stopped.flat())] };
}

function noSuchModule(name: string, known: string[]): AppError {
  const names = [...new Set(known)];
  return new AppError('NO_SUCH_MODULE', `no module ${JSON.stringify(name)} is deployed`, {
    hint: names.length > 0 ? `Deployed: ${names.join(', ')}.` : 'Deploy one with `wasm-sensors deploy module FILE`.',
  });
}
