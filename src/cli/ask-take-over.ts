/** Before a deployment replaces jobs of another state folder: a terminal is asked, elsewhere `--take-over` says so. */
import type { JobInfo, Network } from '../network/network.js';
import { foreignModules, foreignPublishers, foreignService, refuseForeign } from '../operations/deploy/job-owners.js';
import type { OptionValues } from './command-options.js';
import { foreignJobText } from './output/deploy-text.js';
import type { Output } from './output/output.js';

type Jobs = Pick<Network, 'jobs' | 'owner'>;

/** Resolves with whether publishers may be replaced. Rejects with `JOBS_OF_OTHERS` when they may not. */
export const askTakeOver = (out: Pick<Output, 'note'>, network: Jobs, { takeOver, region }: OptionValues) =>
  ask(out, takeOver === true, () => foreignPublishers(network, region as string[] | undefined));

/** The same for a module of the user. */
export const askTakeOverModule = (
  out: Pick<Output, 'note'>,
  network: Jobs,
  name: string,
  { takeOver, region }: OptionValues,
) => ask(out, takeOver === true, () => foreignModules(network, name, region as string[] | undefined));

/** The same for a service job. */
export const askTakeOverService = (
  out: Pick<Output, 'note'>,
  network: Jobs,
  role: 'proxy' | 'puller',
  { takeOver }: OptionValues,
) => ask(out, takeOver === true, () => foreignService(network, role));

async function ask(
  out: Pick<Output, 'note'>,
  takeOver: boolean,
  findForeign: () => Promise<JobInfo[]>,
): Promise<boolean> {
  // The deployment itself refuses what nobody can be asked for.
  if (takeOver || !process.stdin.isTTY || !process.stdout.isTTY) return takeOver;
  const foreign = await findForeign();
  if (foreign.length === 0) return false;
  for (const job of foreign) out.note(foreignJobText(job));
  const { default: inquirer } = await import('inquirer');
  const question = { type: 'confirm', name: 'yes', message: 'Replace them all the same?', default: false } as const;
  // Ctrl-C is no.
  const { yes } = await inquirer.prompt<{ yes: boolean }>([question]).catch(() => ({ yes: false }));
  if (!yes) refuseForeign(foreign);
  return true;
}
