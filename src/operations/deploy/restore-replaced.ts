/** Restores the jobs that a deployment of `up` has replaced, when that `up` does not come up: its proxy will be gone. */
import { messageOf } from '../../lib/errors/app-error.js';
import type { Network, Submission } from '../../network/network.js';

export interface Restoration {
  /** Names of jobs that run again as before. */
  restored: string[];
  failed: { job: string; reason: string }[];
}

/** Also waits for submissions under way. */
export async function restoreReplaced(
  network: Pick<Network, 'restore'>,
  submissions: Promise<Submission>[],
): Promise<Restoration> {
  const result: Restoration = { restored: [], failed: [] };
  for (const outcome of await Promise.allSettled(submissions)) {
    if (outcome.status === 'rejected' || !outcome.value.replaced) continue;
    const { jobName: job } = outcome.value;
    try {
      await network.restore?.(outcome.value);
      result.restored.push(job);
    } catch (error) {
      result.failed.push({ job, reason: messageOf(error) });
    }
  }
  return result;
}
