/** Job names: what replaces what. */
import type { JobRequest } from '../network.js';

/** One publisher and one config-updater a region, one proxy, one puller. */
export const publisherJobName = (region: string): string => `publisher-${region}`;

export function jobNameOf(request: JobRequest): string {
  return 'region' in request ? `${request.role}-${request.region}` : request.role;
}
