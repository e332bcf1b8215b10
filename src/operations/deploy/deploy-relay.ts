/** The relay of a region as a Bacalhau service job. */
import type { RelayJob } from '../../jobs/job-request.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { Network } from '../../network/network.js';
import { runs } from './deploy-service.js';
import { foreignJobs, refuseForeign } from './job-owners.js';

/**
 * Resolves when an execution runs; the relay itself may be where only its site reaches it. Rejects with `SERVICE_FAILED`
 * (Bacalhau's message is among the details), `SERVICE_TIMEOUT`, or `JOBS_OF_OTHERS`.
 */
export async function deployRelay(
  network: Network,
  job: RelayJob,
  { timeoutMs, takeOver }: { timeoutMs: number; takeOver: boolean },
) {
  const began = Date.now();
  const { role, region, image } = job;
  if (!takeOver) refuseForeign(await foreignJobs(network, { role, regions: [region] }));
  const { jobId, unchanged } = await network.submit(job);
  const check = async () => (await runs(network, jobId, role)) || undefined;
  if (await waitFor(check, { timeoutMs, everyMs: 500 }))
    return { role, region, jobId, image, unchanged, seconds: (Date.now() - began) / 1000 };
  throw new AppError('SERVICE_TIMEOUT', `no node of ${region} runs the relay`, {
    hint: `One must have Docker, allow ${job.dataDir} and pull the image: \`bacalhau job describe ${jobId}\`.`,
  });
}
