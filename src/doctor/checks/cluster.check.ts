import { type Check, notNeeded, ok, skipped } from '../check.js';

/** The orchestrator's API of a cluster that exists already. */
export const cluster: Check = {
  name: 'Bacalhau API',
  async run(context) {
    const needs = context.needs?.bacalhau;
    if (!needs) return notNeeded(context);
    // It has credentials that this command may not have.
    if (context.up) return skipped('`up` runs and uses it');
    if (!needs.cluster) return skipped('`up` starts them');
    const found = needs.cluster;
    return ok(`${await found.version(context.scratch)} answers at ${found.url}`);
  },
};
