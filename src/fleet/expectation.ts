/** Which sensors are to do what is asked: those that send, and those that are expected back. */

import type { Reading } from '../protocol/message.js';
import type { KnownJobs, SensorState } from './fleet-view.js';

type Identity = Pick<Reading, 'job_id' | 'execution_id' | 'hostname' | 'job_submission_time'>;

/** `gone`: silent for so long that it is not waited for, unless somebody says that its job is deployed. */
export type Expectation = 'awaited' | 'gone' | 'none';

/**
 * `jobs`: those of the network at hand. Nothing is expected of sensors whose jobs have ended, nor of what has fallen
 * silent and belongs to none of the jobs; what belongs to a deployed one is expected back, however long it has been gone.
 * Where nobody knows the jobs, what is silent is waited for and what is gone is not.
 */
export function expectationsOf(
  sensors: Identity[],
  jobs: KnownJobs | undefined,
): (sensor: Identity, state: SensorState) => Expectation {
  const deployed = jobs && newestSubmissions(sensors, jobs.deployed);
  const ended = new Set(jobs?.ended);
  return ({ job_id, hostname, execution_id, job_submission_time }, state) => {
    if (state === 'replaced' || ended.has(job_id)) return 'none';
    if (state === 'live') return 'awaited';
    if (deployed && !deployed.has(job_id)) return 'none';
    if (state !== 'gone') return 'awaited';
    // Named by its execution, it can't be told from one that another has followed.
    const followed = job_submission_time < (deployed?.get(job_id) ?? 0);
    if (followed || hostname === execution_id) return 'none';
    return deployed ? 'awaited' : 'gone';
  };
}

/** When each of these jobs was last submitted, as far as readings tell. */
function newestSubmissions(sensors: Identity[], jobs: string[]): Map<string, number> {
  const newest = new Map(jobs.map((job) => [job, 0]));
  for (const { job_id, job_submission_time } of sensors) {
    const known = newest.get(job_id);
    if (known !== undefined) newest.set(job_id, Math.max(known, job_submission_time));
  }
  return newest;
}
