/** How far sensors do what is desired: they report its version at least, and show it in their readings. */
import { type DesiredState, effectiveConfig, inScope, type Scope, shows } from './desired.js';
import { type Convergence, type KnownJobs, MAX_PENDING, type SensorState } from './fleet-view.js';
import type { Sensor } from './sensor.js';
import { isPlausibleVersion } from './sensor-config.js';

type SensorNow = Pick<Sensor, 'reading' | 'config'> & { state: SensorState };

/**
 * Of the sensors of a scope. `jobs`: those of the network at hand. Sensors of jobs that have ended are left out, and so
 * is what has fallen silent and belongs to none of the jobs; what belongs to a deployed one is expected back, however
 * long it has been gone. Where nobody knows the jobs, what is silent is waited for and what is gone is not.
 */
export function convergenceOf(
  sensors: SensorNow[],
  desired: DesiredState,
  scope: Scope,
  jobs: KnownJobs | undefined,
  now = Date.now(),
): Convergence {
  const deployed = jobs && newestSubmissions(sensors, jobs.deployed);
  const ended = new Set(jobs?.ended);
  const result: Convergence = { sensors: 0, converged: 0, pending: [], gone: 0, newest: 0 };
  for (const { reading, config, state } of sensors) {
    if (state === 'replaced' || ended.has(reading.job_id)) continue;
    if (state !== 'live' && deployed && !deployed.has(reading.job_id)) continue;
    if (state === 'gone') {
      // Named by its execution, it can't be told from one that another has followed.
      const followed = reading.job_submission_time < (deployed?.get(reading.job_id) ?? 0);
      if (followed || reading.hostname === reading.execution_id) continue;
      if (!deployed) {
        if (inScope(scope, reading)) result.gone++;
        continue;
      }
    }
    if (config && isPlausibleVersion(config.version, now)) result.newest = Math.max(result.newest, config.version);
    if (!inScope(scope, reading)) continue;
    result.sensors++;
    const wanted = effectiveConfig(desired, reading.region, reading.hostname);
    const seen = { color: reading.color, icon: reading.icon_name, reported: config };
    if ((config?.version ?? 0) >= wanted.version && shows(wanted, seen)) result.converged++;
    else if (result.pending.length < MAX_PENDING) {
      result.pending.push({ hostname: reading.hostname, region: reading.region, state });
    }
  }
  return result;
}

/** When each of these jobs was last submitted, as far as readings tell. */
function newestSubmissions(sensors: SensorNow[], jobs: string[]): Map<string, number> {
  const newest = new Map(jobs.map((job) => [job, 0]));
  for (const { reading } of sensors) {
    const known = newest.get(reading.job_id);
    if (known !== undefined) newest.set(reading.job_id, Math.max(known, reading.job_submission_time));
  }
  return newest;
}
