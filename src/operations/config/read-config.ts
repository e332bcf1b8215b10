/** The desired configuration of every scope, beside what the sensors report. */
import type { Convergence, SensorView } from '../../fleet/fleet-view.js';
import { type DesiredState, inScope, type Scope } from '../../protocol/desired-config.js';
import { compareProxies, type FailedProxy } from './apply-to-proxies.js';
import type { ConfigTarget } from './config-target.js';

export interface ConfigView {
  desired: DesiredState;
  /** URL of the proxy that it is read from. */
  holder: string;
  /** Proxies that hold something else, or do not answer. */
  differing: FailedProxy[];
  convergence: Convergence;
  /** Sensors that are expected to follow it. */
  sensors: SensorView[];
}

/** `scope`: of whose sensors. Rejects with the first proxy's error when none answers. */
export async function readConfig({ proxies, fleet, jobs }: ConfigTarget, scope: Scope = {}): Promise<ConfigView> {
  const { desired, holder, others } = await compareProxies(proxies);
  const known = await jobs?.().catch(() => undefined);
  const [snapshot, convergence] = await Promise.all([
    fleet.snapshot(),
    fleet.convergence(desired, scope, { jobs: known }),
  ]);
  const sensors = snapshot.sensors.filter(
    (sensor) => sensor.state !== 'gone' && sensor.state !== 'replaced' && inScope(scope, sensor),
  );
  return { desired, holder: holder.url, differing: others, convergence, sensors };
}
