/** The fleet view for operations that run in the puller itself: what a `FleetClient` asks over HTTP. */
import type { Fleet } from '../fleet/fleet.js';
import type { FleetReader } from './fleet-client.js';

/** `now`: Unix milliseconds, in step with the fleet view. */
export function localFleet(fleet: Fleet, now: () => number): FleetReader {
  return {
    snapshot: async () => ({ summary: fleet.summary(now()), sensors: fleet.view(now()) }),
    summary: async () => fleet.summary(now()),
    convergence: async (desired, scope, goal = {}) => {
      const { jobs, fields } = goal;
      return fleet.convergence({ desired, scope, ...(jobs ? { jobs } : {}), ...(fields ? { fields } : {}) }, now());
    },
  };
}
