/** Submitting the publisher to several regions: what was done in some is told when it fails in others. */
import { AppError, messageOf, withContext } from '../lib/errors/app-error.js';
import type { Submission } from '../network/network.js';

/** Submits to all regions at the same time. Rejects with the first failure, which then tells what was submitted. */
export async function submitToRegions(
  regions: string[],
  submit: (region: string) => Promise<Submission>,
): Promise<[string, Submission][]> {
  const outcomes = await Promise.allSettled(regions.map((region) => submit(region)));
  const done: [string, Submission][] = [];
  const failed: { region: string; reason: unknown }[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    const region = regions[i]!;
    if (outcome.status === 'fulfilled') done.push([region, outcome.value]);
    else failed.push({ region, reason: outcome.reason });
  }
  const [first, ...others] = failed;
  if (!first) return done;
  if (regions.length === 1 || !(first.reason instanceof AppError)) throw first.reason;
  throw withContext(first.reason, {
    message: `${first.region}: ${first.reason.message}`,
    cause: first.reason,
    details: [
      ...first.reason.details,
      ...others.map(({ region, reason }) => `${region}: ${messageOf(reason)}`),
      ...done.map(([region, { jobName, unchanged }]) =>
        unchanged ? `${region}: ${jobName} runs as before` : `${region}: ${jobName} was submitted, and runs`,
      ),
    ],
  });
}
