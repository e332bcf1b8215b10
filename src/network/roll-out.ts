/** A staged roll-out: a change for one region after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, messageOf, systemError } from '../core/errors.js';
import type { Convergence } from '../core/fleet-view.js';
import type { ConfigClient } from '../proxy/client.js';
import type { FleetClient } from '../puller/client.js';
import { untilConverged, type WaitOptions } from './converge.js';
import { type ApplyResult, applyChange, type Change, type FailedProxy } from './reconfigure.js';

export interface RollOutOptions extends WaitOptions {
  /** Proxies that did not take it, as soon as that is known. */
  onFailed(failed: FailedProxy[]): void;
  onRegion(region: string, convergence: Convergence): void;
}

/**
 * Goes on to the next region only when the one before has converged and its sensors still send after
 * it. Rejects with `ROLLOUT_STOPPED`.
 */
export async function rollOut(
  proxies: ConfigClient[],
  fleet: FleetClient,
  regions: string[],
  change: Omit<Change, 'scope'>,
  options: RollOutOptions,
): Promise<Pick<ApplyResult, 'version' | 'failed'>> {
  let version = 0;
  const failed = new Map<string, FailedProxy>();
  for (const [i, region] of regions.entries()) {
    const scope = { region };
    try {
      await requireSensors(fleet, region);
      const result = await applyChange(proxies, { ...change, scope });
      version = result.version;
      const news = result.failed.filter(({ url }) => !failed.has(url));
      for (const failure of news) failed.set(failure.url, failure);
      options.onFailed(news);
      const convergence = await untilConverged(fleet, result.state, scope, options);
      await keepsSending(fleet, region, change.set.paused === true);
      options.onRegion(region, convergence);
    } catch (error) {
      const left = regions.slice(i + 1);
      throw systemError('ROLLOUT_STOPPED', `the roll-out stopped at ${region}: ${messageOf(error)}`, {
        cause: error,
        details: error instanceof AppError ? error.details : [],
        hint: `${left.length > 0 ? `${left.join(', ')} was not changed. ` : ''}Mend ${region} and run it again, or take it back with \`wasm-sensors config unset --region ${region} …\`.`,
      });
    }
  }
  return { version, failed: [...failed.values()] };
}

/** A region where nothing sends proves nothing, and may be a slip of the pen. */
async function requireSensors(fleet: FleetClient, region: string): Promise<void> {
  const { regions } = await fleet.summary();
  const found = regions.find((view) => view.region === region);
  if (found && found.live + found.paused + found.silent > 0) return;
  const known = regions.map((view) => view.region).join(', ');
  throw new AppError(
    'NO_SENSORS',
    'user',
    `no sensor of ${region} sends; there are sensors in: ${known || 'no region'}`,
  );
}

/** The region's sensors must send on after the change: one that only acknowledged it and died would look converged. */
async function keepsSending(fleet: FleetClient, region: string, paused: boolean): Promise<void> {
  if (paused) return;
  const before = (await fleet.snapshot()).sensors.filter((s) => s.region === region && s.state === 'live');
  const longest = Math.max(1000, ...before.map(({ config }) => config?.intervalMs ?? 5000));
  const deadline = Date.now() + 2 * longest + 3000;
  for (;;) {
    const now = new Map((await fleet.snapshot()).sensors.map((s) => [s.execution_id, s]));
    // One that was lost before counts as live until it has been silent for long enough.
    const stuck = before.filter(({ execution_id: id, sequence }) => {
      const then = now.get(id);
      return then?.state !== 'replaced' && (then?.sequence ?? 0) <= sequence;
    });
    if (stuck.length === 0) return;
    if (Date.now() > deadline) {
      throw systemError(
        'STOPPED_SENDING',
        `${stuck.length} of ${before.length} sensors sent nothing after the change`,
        {
          details: stuck.slice(0, 10).map(({ hostname }) => hostname),
        },
      );
    }
    await sleep(200);
  }
}
