/** Waiting until all sensors do what is asked, and saying which do not. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KnownJobs, Progress } from '../fleet/fleet-view.js';
import { type AppError, systemError } from '../lib/errors/app-error.js';

export interface WaitOptions<T extends Progress> {
  timeoutMs: number;
  /** The jobs of the network, where they can be found out. */
  jobs?: (() => Promise<KnownJobs>) | undefined;
  onProgress(progress: T): void;
}

/** For people: who is to do it (`region eu`), what they have done then (`converged`), and how it goes on without us. */
export interface WaitTarget {
  whom: string;
  done: string;
  hint: string;
}

/** How long a change usually takes. */
const JOBS_AFTER_MS = 1500;

/** Looks until all sensors are there; rejects with `NOT_CONVERGED` and those that are pending. */
export async function waitForSensors<T extends Progress>(
  asked: WaitTarget,
  look: (jobs: KnownJobs | undefined) => Promise<T>,
  options: WaitOptions<T>,
): Promise<T> {
  const began = Date.now();
  const deadline = began + options.timeoutMs;
  let jobs: KnownJobs | undefined;
  let ask = options.jobs;
  for (;;) {
    const now = await look(jobs);
    options.onProgress(now);
    if (now.converged === now.sensors && now.gone === 0) return now;
    // Asked late, because it takes a while and most changes need no answer: whether it is worth waiting for the rest.
    if (ask && (now.gone > 0 || Date.now() > began + JOBS_AFTER_MS)) {
      jobs = await ask().catch(() => undefined);
      ask = undefined;
      continue;
    }
    if (now.converged === now.sensors) return now;
    if (Date.now() > deadline) throw notConverged(asked, now, options.timeoutMs);
    await sleep(now.sensors > 1000 ? 150 : 50);
  }
}

function notConverged(
  { whom, done, hint }: WaitTarget,
  { sensors, converged, pending }: Progress,
  timeoutMs: number,
): AppError {
  const more = sensors - converged - pending.length;
  return systemError('NOT_CONVERGED', `${whom}: ${converged}/${sensors} sensors ${done} in ${timeoutMs / 1000} s`, {
    details: [
      ...pending.map(
        ({ hostname, region, state }) =>
          `pending: ${hostname} (${region}), ${state === 'silent' || state === 'gone' ? `${state}: cut off?` : state}`,
      ),
      ...(more > 0 ? [`and ${more} more`] : []),
    ],
    hint,
  });
}
