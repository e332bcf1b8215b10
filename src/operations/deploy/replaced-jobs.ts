/** Jobs that a deployment of `up` has replaced, and restores when that `up` does not come up: its proxy will be gone. */
import { messageOf } from '../../lib/errors/app-error.js';
import type { Network, Submission } from '../../network/network.js';

export interface RestoredJobs {
  /** Names of jobs that run again as before. */
  restored: string[];
  failed: { job: string; reason: string }[];
}

export class ReplacedJobs {
  readonly #network: Pick<Network, 'restore'>;
  readonly #submissions: Promise<Submission>[] = [];

  constructor(network: Pick<Network, 'restore'>) {
    this.#network = network;
  }

  /** Called when a submission begins. */
  add(submission: Promise<Submission>): void {
    this.#submissions.push(submission);
  }

  /** The deployment is done: what it replaced stays so. */
  keep(): void {
    this.#submissions.length = 0;
  }

  /** Also waits for submissions under way. */
  async restore(): Promise<RestoredJobs> {
    const done = await Promise.allSettled(this.#submissions.splice(0));
    const result: RestoredJobs = { restored: [], failed: [] };
    for (const outcome of done) {
      if (outcome.status === 'rejected' || !outcome.value.replaced) continue;
      const { jobName: job } = outcome.value;
      try {
        await this.#network.restore?.(outcome.value);
        result.restored.push(job);
      } catch (error) {
        result.failed.push({ job, reason: messageOf(error) });
      }
    }
    return result;
  }
}
