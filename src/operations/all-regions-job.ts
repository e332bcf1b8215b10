/** A publisher of all regions, submitted by hand from our template: it would run beside the publishers of the regions. */

import { ALL_REGIONS_PUBLISHER, jobName, sameJob } from '../jobs/job-ref.js';
import { AppError } from '../lib/errors/app-error.js';
import type { Network } from '../network/network.js';

/**
 * Ends it where every region has a publisher of its own (`everywhere`); elsewhere it is only told of, for it may be all
 * that other regions have. Resolves with what to say to the operator.
 */
export async function endAllRegionsJob(network: Network, everywhere: boolean): Promise<string[]> {
  if (!everywhere) {
    const runs = (await network.jobs()).some(
      ({ ref, state }) => sameJob(ref, ALL_REGIONS_PUBLISHER) && RUNS.includes(state),
    );
    return runs ? [`${WHICH} runs beside this one: \`deploy publisher\` without --region ends it`] : [];
  }
  try {
    return (await network.stop(ALL_REGIONS_PUBLISHER)) ? [`${WHICH} was ended: every region has its own now`] : [];
  } catch (error) {
    // What a Bacalhau 1.7 stops on paper is no failure of this deployment.
    if (error instanceof AppError && error.code === 'STOP_NOT_PASSED_ON') return [error.message, ...error.details];
    throw error;
  }
}

const WHICH = `the job ${jobName(ALL_REGIONS_PUBLISHER)}, which is for all regions,`;
const RUNS = ['pending', 'running'];
