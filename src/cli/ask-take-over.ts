/** Before a deployment replaces jobs of another state folder: a terminal is asked, elsewhere `--take-over` says so. */
import type { Network } from '../network/network.js';
import { foreignPublishers, refuseForeign } from '../operations/job-owners.js';
import type { OptionValues } from './command-options.js';
import { foreignJobText } from './output/deploy-text.js';
import type { Output } from './output/output.js';

/** Resolves with whether they may be replaced. Rejects with `JOBS_OF_OTHERS` when they may not. */
export async function askTakeOver(
  out: Pick<Output, 'note'>,
  network: Pick<Network, 'jobs' | 'owner'>,
  { takeOver, region }: OptionValues,
): Promise<boolean> {
  // The deployment itself refuses what nobody can be asked for.
  if (takeOver === true || !process.stdin.isTTY || !process.stdout.isTTY) return takeOver === true;
  const foreign = await foreignPublishers(network, region as string[] | undefined);
  if (foreign.length === 0) return false;
  for (const job of foreign) out.note(foreignJobText(job));
  const { default: inquirer } = await import('inquirer');
  const question = { type: 'confirm', name: 'yes', message: 'Replace them all the same?', default: false } as const;
  // Ctrl-C is no.
  const { yes } = await inquirer.prompt<{ yes: boolean }>([question]).catch(() => ({ yes: false }));
  if (!yes) refuseForeign(foreign);
  return true;
}
