/** Job names: what replaces what. */
import type { JobRequest } from './job-request.js';

/** Sensors of all regions; only submitted by hand, from our template. */
export const ALL_REGIONS_JOB = 'publisher';
/** Sensors of a region that run for ever. */
export const publisherJobName = (region: string): string => `publisher-${region}`;
/** Sensors of a region that end by themselves: another type of job, which no job of the same name can become. */
const endingJobName = (region: string): string => `${publisherJobName(region)}-once`;

/** Both kinds; a region runs one of them at a time. */
export const publisherJobNames = (region: string): string[] => [publisherJobName(region), endingJobName(region)];

/** One publisher and one config-updater a region, one proxy, one puller. */
export function jobNameOf(request: JobRequest): string {
  if (!('region' in request)) return request.role;
  if (request.role === 'publisher' && request.maxMessages !== undefined) return endingJobName(request.region);
  return `${request.role}-${request.region}`;
}

/** Jobs that must end before this one runs, beside those of its own name. */
export function othersToEnd(request: JobRequest): string[] {
  if (request.role !== 'publisher') return [];
  return publisherJobNames(request.region).filter((name) => name !== jobNameOf(request));
}

/** The region of a publisher's job, `all` for one without; undefined for other jobs. */
export function regionOfPublisher(jobName: string): string | undefined {
  const match = /^publisher(?:-(.+?))?(?:-once)?$/.exec(jobName);
  return match ? (match[1] ?? 'all') : undefined;
}
