/** Questions before something is lost, where there is a terminal that can be asked. */
import { AppError } from '../lib/errors/app-error.js';
import type { Network } from '../network/network.js';
import { foreignJobs, type JobSelector, refuseForeign } from '../operations/deploy/job-owners.js';
import type { KeptReadings } from '../operations/kept-readings.js';
import { keptText } from './output/deploy-text.js';
import type { Output } from './output/output.js';

export const canAsk = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true;

/** Ctrl-C is no. */
export async function confirm(message: string): Promise<boolean> {
  const { default: inquirer } = await import('inquirer');
  const question = { type: 'confirm', name: 'yes', message, default: false } as const;
  const { yes } = await inquirer.prompt<{ yes: boolean }>([question]).catch(() => ({ yes: false }));
  return yes;
}

/**
 * Before readings are given up that sensors keep: a terminal is asked, elsewhere it is said. `yes`: nobody is asked. Rejects with
 * `NOT_CONFIRMED`.
 */
export async function confirmGivenUp(out: Pick<Output, 'note'>, kept: KeptReadings, yes: boolean): Promise<void> {
  if (kept.readings === 0) return;
  out.note(`${keptText(kept)}, which ${kept.readings === 1 ? 'is' : 'are'} given up`);
  if (yes || !canAsk() || (await confirm('Go on all the same?'))) return;
  throw new AppError('NOT_CONFIRMED', 'nothing was done');
}

/**
 * Before a deployment replaces jobs of another state folder: a terminal is asked, elsewhere `--take-over` says so. Resolves
 * with whether they may be replaced. Rejects with `JOBS_OF_OTHERS` when they may not.
 */
export async function askTakeOver(
  out: Pick<Output, 'note'>,
  takeOver: boolean,
  network: Pick<Network, 'jobs' | 'owner'>,
  jobs: JobSelector,
): Promise<boolean> {
  // The deployment itself refuses what nobody can be asked for.
  if (takeOver || !canAsk()) return takeOver;
  const foreign = await foreignJobs(network, jobs);
  if (foreign.length === 0) return false;
  for (const { name, owner, proxyUrl = 'an unknown proxy' } of foreign) {
    out.note(`${name} was submitted from another state folder (owner ${owner}) and sends to ${proxyUrl}`);
  }
  if (!(await confirm('Replace them all the same?'))) refuseForeign(foreign);
  return true;
}
