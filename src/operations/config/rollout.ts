/** A staged roll-out: a change for one region after the other. */
import type { SensorView } from '../../fleet/fleet-view.js';
import { compareRegions } from '../../fleet/region-counts.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { SeenChange } from '../../puller/controls/fleet-controls.js';
import type { FleetReader } from '../../puller/fleet-client.js';
import type { FailedProxy } from './apply-to-proxies.js';
import { type ChangeConfigOptions, changeConfig, type WantedChange } from './change-config.js';
import type { ConfigTarget } from './config-target.js';
import { requireKnown } from './require-known.js';

export interface RollOutOptions extends Omit<ChangeConfigOptions, 'wait'> {
  /** `sending`: whether its sensors send after the change; false when all of them are paused. */
  onRegion(region: string, seen: SeenChange, sending: boolean): void;
}

/** How many of the sensors that stopped are named. */
const NAMED = 10;

/**
 * Continues with the next region only when the sensors of the one before have converged, and still send after that. Calls
 * `onFailed` once for each proxy. Rejects as {@link requireKnown} does and with `NO_SENSORS` before anything is changed, and
 * with `ROLLOUT_STOPPED` at the first region that fails.
 */
export async function rollOut(
  target: ConfigTarget,
  regions: string[],
  wanted: WantedChange,
  { onRegion, onFailed, ...options }: RollOutOptions,
) {
  const began = Date.now();
  const { fleet } = target;
  for (const region of regions) await requireKnown(target, { region }, wanted);
  await requireSensors(fleet, regions);
  let version = 0;
  const failed = new Map<string, FailedProxy>();
  const change = { ...wanted, ahead: true };
  const ofRegion = {
    ...options,
    wait: true,
    onFailed(some: FailedProxy[]) {
      const news = some.filter(({ url }) => !failed.has(url));
      for (const one of news) failed.set(one.url, one);
      onFailed(news);
    },
  };
  for (const [i, region] of regions.entries()) {
    try {
      const result = await changeConfig(target, { region }, change, ofRegion);
      version = result.version;
      onRegion(region, result.seen!, await keepsSending(fleet, region));
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
  return { version, regions, seconds: (Date.now() - began) / 1000, failed: [...failed.values()] };
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
  let stopped: SensorView[] = [];
  const check = async () => {
    const now = new Map((await fleet.snapshot()).sensors.map((sensor) => [sensor.execution_id, sensor]));
    stopped = before.filter(({ execution_id: id, sequence }) => {
      const sensor = now.get(id);
      // A newer submission may have replaced it.
      return sensor?.state !== 'replaced' && (sensor?.sequence ?? 0) <= sequence;
    });
    return stopped.length === 0 || undefined;
  };
  if (await waitFor(check, { timeoutMs: 2 * longest + 3000, everyMs: 200 })) return true;
  const message = `${stopped.length} of ${before.length} sensors sent nothing after the change`;
  const more = stopped.length > NAMED ? [`and ${stopped.length - NAMED} more`] : [];
  throw new AppError('STOPPED_SENDING', message, {
    details: [...stopped.slice(0, NAMED).map(({ hostname }) => hostname), ...more],
  });
}
