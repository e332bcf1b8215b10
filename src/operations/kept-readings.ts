/** Readings that sensors keep because they could not deliver them yet: they are given up with their sensors. */
import type { SensorView } from '../fleet/fleet-view.js';
import { waitFor } from '../lib/async/backoff.js';
import { AppError } from '../lib/errors/app-error.js';
import { isOver, type Network } from '../network/network.js';
import type { FleetClient } from '../puller/fleet-client.js';
import type { FleetSnapshot } from '../puller/puller-app.js';
import { sameUrl } from './deploy/job-owners.js';

/** `readings`: of those that are cut off, at most. */
export type KeptReadings = Record<'sensors' | 'readings', number>;

/**
 * Those that keep their readings themselves: what is on a relay's disk is not given up with them. That a relay keeps some is
 * known only a while after a cut, so all regions that have one are left out.
 */
export function withoutRelay({ sensors, summary }: FleetSnapshot): SensorView[] {
  const relayed = new Set(summary.relays.map(({ region }) => region));
  return sensors.filter(({ region }) => !relayed.has(region));
}

export function keptBy(sensors: SensorView[]): KeptReadings {
  const keeping = sensors.filter(({ waiting }) => waiting > 0);
  return { sensors: keeping.length, readings: keeping.reduce((sum, { waiting }) => sum + waiting, 0) };
}

type Fleet = Pick<FleetClient, 'snapshot'>;

/** `regions`: left out for all. */
export async function keptIn(fleet: Fleet, regions?: readonly string[]): Promise<KeptReadings> {
  return keptBy(withoutRelay(await fleet.snapshot()).filter(({ region }) => !regions || regions.includes(region)));
}

const hasEnded = ({ state }: SensorView): boolean => state === 'gone' || state === 'replaced';

/**
 * Sensors of publishers in these regions that run on connected nodes, as the network says, and send to its proxies: others
 * deliver nothing here, or later.
 */
export async function runningSensors(
  { network, fleet }: { network: Network; fleet: Fleet },
  regions: string[],
): Promise<SensorView[]> {
  const active = withoutRelay(await fleet.snapshot()).filter(
    (sensor) => regions.includes(sensor.region) && !hasEnded(sensor),
  );
  // Asking a large network for its executions is costly.
  if (!active.some(({ waiting }) => waiting > 0)) return active;
  // A network that does not answer tells the deployment itself.
  const [jobs, nodes] = await Promise.all([network.jobs().catch(() => []), network.nodes()]);
  const connected = new Set(nodes.flatMap(({ name, connected }) => (connected ? [name] : [])));
  const own = (region = '') => [network.sensorProxyUrl(region), ...Object.values(network.proxyNames ?? {})];
  const executions = jobs.flatMap(({ proxyUrl: url, ref, executions }) =>
    ref.role === 'publisher' && (url === undefined || own(ref.region).some((one) => sameUrl(one, url)))
      ? executions.filter((one) => connected.has(one.node) && !isOver(one))
      : [],
  );
  const running = new Set(executions.map(({ id }) => id));
  return active.filter(({ execution_id: id }) => running.has(id));
}

const CHECK_MS = 250;
const NAMED = 10;

/**
 * Waits until each of these sensors has delivered what it keeps. Rejects with `READINGS_KEPT` and what is left, by region.
 */
export async function delivered(
  fleet: Fleet,
  sensors: SensorView[],
  { timeoutMs, onProgress }: { timeoutMs: number; onProgress(kept: KeptReadings): void },
): Promise<void> {
  let keeping = sensors.filter(({ waiting }) => waiting > 0);
  if (keeping.length === 0) return;
  const check = async () => {
    onProgress(keptBy(keeping));
    const ids = new Set(keeping.map(({ execution_id: id }) => id));
    // One that has none left for a moment has delivered what it kept.
    keeping = withoutRelay(await fleet.snapshot()).filter((one) => ids.has(one.execution_id) && one.waiting > 0);
    return keeping.length === 0 || undefined;
  };
  if (await waitFor(check, { timeoutMs, everyMs: CHECK_MS })) return;
  const { sensors: count, readings } = keptBy(keeping);
  throw new AppError('READINGS_KEPT', `sensors (${count}) keep readings (up to ${readings}), and do not deliver them`, {
    details: keeping.slice(0, NAMED).map(({ hostname, region, waiting }) => `${hostname} (${region}) keeps ${waiting}`),
    hint: 'Nothing was deployed. Are the queue and the store there? See `wasm-sensors status`. --now replaces them all the same, and gives these up.',
  });
}

/** What was delivered last is stored sooner than this. */
const STORED_MS = 5000;

/**
 * Waits until all that these sensors took, which are replaced, is stored. Resolves with how many readings of them may never
 * come, as soon as these have been as many for a while.
 */
export async function lastReadings(
  fleet: Fleet,
  replaced: SensorView[],
  onProgress: (left: number) => void,
): Promise<number> {
  if (replaced.length === 0) return 0;
  const before = new Map(replaced.map(({ execution_id: id, unaccounted }) => [id, unaccounted]));
  let left = Number.POSITIVE_INFINITY;
  let since = Date.now();
  const check = async () => {
    const ended = withoutRelay(await fleet.snapshot()).filter(hasEnded);
    const now = ended.reduce((sum, { execution_id: id, unaccounted }) => {
      const known = before.get(id);
      return known === undefined ? sum : sum + unaccounted - known;
    }, 0);
    if (now < left) {
      left = now;
      since = Date.now();
    }
    if (left <= 0 || Date.now() - since > STORED_MS) return left;
    onProgress(left);
    return undefined;
  };
  return (await waitFor(check, { timeoutMs: Number.POSITIVE_INFINITY, everyMs: CHECK_MS })) ?? 0;
}
