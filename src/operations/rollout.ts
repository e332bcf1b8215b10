/** A staged roll-out: a change for one region after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Convergence } from '../fleet/fleet-view.js';
import { AppError, messageOf, systemError } from '../lib/errors/app-error.js';
import type { ConfigClient } from '../proxy/config-client.js';
import type { FleetClient } from '../puller/fleet-client.js';
import { type ApplyResult, applyChange, type Change, type FailedProxy } from './change-config.js';
import { waitForConvergence } from './wait-for-convergence.js';
import type { WaitOptions } from './wait-for-sensors.js';

export interface RollOutOptions extends WaitOptions<Convergence> {
  /** Proxies that did not take it, as soon as that is known. */
  onFailed(failed: FailedProxy[]): void;
  /** `sending`: whether its sensors are seen to send on; they do not while they are paused. */
  onRegion(region: string, convergence: Convergence, sending: boolean): void;
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
  await requireSensors(fleet, regions);
  for (const [i, region] of regions.entries()) {
    const scope = { region };
    try {
      const result = await applyChange(proxies, { ...change, scope });
      version = result.version;
      const news = result.failed.filter(({ url }) => !failed.has(url));
      for (const failure of news) failed.set(failure.url, failure);
      options.onFailed(news);
      const latest = () => result.holder.state();
      const convergence = await waitForConvergence(fleet, result.state, scope, { ...options, latest });
      options.onRegion(region, convergence, await keepsSending(fleet, region));
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

/** A region where nothing sends proves nothing, and may be a slip of the pen. Looked at before anything is changed. */
async function requireSensors(fleet: FleetClient, wanted: string[]): Promise<void> {
  const { regions } = await fleet.summary();
  const known = regions.filter(({ live, paused, silent }) => live + paused + silent > 0).map(({ region }) => region);
  const missing = wanted.filter((region) => !known.includes(region));
  if (missing.length === 0) return;
  const message = `no sensor of ${missing.join(', ')} sends; there are sensors in: ${known.join(', ') || 'no region'}`;
  throw new AppError('NO_SENSORS', 'user', message, { hint: 'Nothing was changed.' });
}

/**
 * The region's sensors must send on after the change: one that only acknowledged it and died would look converged.
 * Resolves with false when all of them are paused, and do not send because of that.
 */
async function keepsSending(fleet: FleetClient, region: string): Promise<boolean> {
  const own = (await fleet.snapshot()).sensors.filter((s) => s.region === region);
  const before = own.filter(({ state }) => state === 'live');
  if (before.length === 0) {
    if (own.some(({ state }) => state === 'paused')) return false;
    throw systemError('STOPPED_SENDING', `no sensor of ${region} sends after the change`);
  }
  const longest = Math.max(1000, ...before.map(({ config }) => config?.intervalMs ?? 5000));
  const deadline = Date.now() + 2 * longest + 3000;
  for (;;) {
    const now = new Map((await fleet.snapshot()).sensors.map((s) => [s.execution_id, s]));
    // One that was lost before counts as live until it has been silent for long enough.
    const stuck = before.filter(({ execution_id: id, sequence }) => {
      const then = now.get(id);
      return then?.state !== 'replaced' && (then?.sequence ?? 0) <= sequence;
    });
    if (stuck.length === 0) return true;
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
