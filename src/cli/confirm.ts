/** Questions before something is lost, where there is a terminal that can be asked. */
import { AppError } from '../lib/errors/app-error.js';
import type { KeptReadings } from '../operations/kept-readings.js';
import { keptText } from './output/deploy-text.js';
import type { Output } from './output/output.js';

export const canAsk = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true;

/** Ctrl-C means no. `usual`: what Enter alone means. */
export async function confirm(message: string, usual = false): Promise<boolean> {
  const { default: inquirer } = await import('inquirer');
  const question = { type: 'confirm', name: 'yes', message, default: usual } as const;
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
