/** A staged roll-out: a change for one region after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Convergence, SensorView } from '../../fleet/fleet-view.js';
import { compareRegions } from '../../fleet/region-counts.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { DesiredField } from '../../protocol/sensor-config.js';
import type { FleetReader } from '../../puller/fleet-client.js';
import { type WaitOptions, waitForConvergence } from '../deploy/wait-for-sensors.js';
import type { ApplyResult, Change, FailedProxy } from './apply-to-proxies.js';
import { type ConfigTarget, revokedHosts } from './config-target.js';

export interface RollOutOptions extends WaitOptions<Convergence> {
  change: Omit<Change, 'scope'>;
  /** Makes the change in one region. */
  apply(change: Omit<Change, 'scope'>, scope: { region: string }): Promise<ApplyResult>;
  /** Called with proxies that do not hold the change, once for each of them. */
  onFailed(failed: FailedProxy[]): void;
  /** `sending`: whether its sensors send after the change; false when all of them are paused. */
  onRegion(region: string, convergence: Convergence, sending: boolean): void;
}

/** How many of the sensors that stopped are named. */
const NAMED = 10;

/**
 * Continues with the next region only when the sensors of the one before have converged, and still send after that.
 * Rejects with `NO_SENSORS` before anything is changed, and with `ROLLOUT_STOPPED` at the first region that fails.
 */
export async function rollOut(
  { proxies, fleet }: Pick<ConfigTarget, 'proxies' | 'fleet'>,
  regions: string[],
  { change, apply, ...options }: RollOutOptions,
): Promise<Pick<ApplyResult, 'version' | 'failed'>> {
  let version = 0;
  const failed = new Map<string, FailedProxy>();
  await requireSensors(fleet, regions);
  const revoked = await revokedHosts(proxies);
  const fields = [...(Object.keys(change.set) as DesiredField[]), ...change.unset];
  for (const [i, region] of regions.entries()) {
    const scope = { region };
    try {
      const result = await apply(change, scope);
      version = result.version;
      const news = result.failed.filter(({ url }) => !failed.has(url));
      for (const failure of news) failed.set(failure.url, failure);
      options.onFailed(news);
      const latest = () => result.holder.state();
      const convergence = await waitForConvergence(fleet, result.state, scope, { ...options, fields, revoked, latest });
      options.onRegion(region, convergence, await keepsSending(fleet, region));
    } catch (error) {
      const left = regions.slice(i + 1);
      const unchanged = left.length > 0 ? `${left.join(', ')} ${left.length === 1 ? 'was' : 'were'} not changed. ` : '';
      throw new AppError('ROLLOUT_STOPPED', `the roll-out stopped at ${region}: ${messageOf(error)}`, {
        cause: error,
        details: error instanceof AppError ? error.details : [],
        hint: `${unchanged}Fix ${region} and run it again, or undo it with \`wasm-sensors config unset --region ${region} …\`.`,
      });
    }
  }
  return { version, failed: [...failed.values()] };
}

/** A region without sensors proves nothing, and may be misspelt. */
async function requireSensors(fleet: FleetReader, wanted: string[]): Promise<void> {
  const sensors = (await configurable(fleet)).filter(({ state }) => state !== 'gone' && state !== 'replaced');
  const known = [...new Set(sensors.map(({ region }) => region))].sort(compareRegions);
  const missing = wanted.filter((region) => !known.includes(region));
  if (missing.length === 0) return;
  const message = `no sensor of ${missing.join(', ')} sends; regions with sensors: ${known.join(', ') || 'none'}`;
  throw new AppError('NO_SENSORS', message, { hint: 'Nothing was changed.' });
}

/** Without modules that only send readings: no change concerns them. */
const configurable = async (fleet: FleetReader): Promise<SensorView[]> =>
  (await fleet.snapshot()).sensors.filter(({ config }) => config !== undefined);

/**
 * Waits until every live sensor of the region has sent another reading: one that crashes on the new configuration looks
 * converged. Resolves with false when all sensors are paused. Rejects with `STOPPED_SENDING`.
 */
async function keepsSending(fleet: FleetReader, region: string): Promise<boolean> {
  const own = (await configurable(fleet)).filter((sensor) => sensor.region === region);
  const before = own.filter(({ state }) => state === 'live');
  if (before.length === 0) {
    if (own.some(({ state }) => state === 'paused')) return false;
    throw new AppError('STOPPED_SENDING', `no sensor of ${region} sends after the change`);
  }
  const longest = Math.max(1000, ...before.map(({ config }) => config?.intervalMs ?? 0));
  const deadline = Date.now() + 2 * longest + 3000;
  for (;;) {
    const stopped = await notSentSince(fleet, before);
    if (stopped.length === 0) return true;
    if (Date.now() > deadline) {
      const message = `${stopped.length} of ${before.length} sensors sent nothing after the change`;
      throw new AppError('STOPPED_SENDING', message, {
        details: [
          ...stopped.slice(0, NAMED).map(({ hostname }) => hostname),
          ...(stopped.length > NAMED ? [`and ${stopped.length - NAMED} more`] : []),
        ],
      });
    }
    await sleep(200);
  }
}

/** Those that have sent nothing more, except for those that a newer submission has replaced. */
async function notSentSince(fleet: FleetReader, before: SensorView[]): Promise<SensorView[]> {
  const now = new Map((await fleet.snapshot()).sensors.map((sensor) => [sensor.execution_id, sensor]));
  return before.filter(({ execution_id, sequence }) => {
    const sensor = now.get(execution_id);
    return sensor?.state !== 'replaced' && (sensor?.sequence ?? 0) <= sequence;
  });
}
