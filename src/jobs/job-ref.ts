/** What a job is, as data: its name is made from it and never parsed back. */
import type { JobRequest } from './job-request.js';

export interface JobRef {
  role: JobRequest['role'];
  /** Left out: a service, or a publisher that somebody submitted by hand for all regions. */
  region?: string;
  /** A publisher that stops after some readings: another type of job, which no daemon of the same name can become. */
  runOnce?: true;
}

/** A publisher for all regions; only submitted by hand, from our template. */
export const ALL_REGIONS_PUBLISHER: JobRef = { role: 'publisher' };

export function jobRefOf(request: JobRequest): JobRef {
  if (!('region' in request)) return { role: request.role };
  const { role, region } = request;
  return role === 'publisher' && request.maxMessages !== undefined ? { role, region, runOnce: true } : { role, region };
}

/**
 * The name under which the job is submitted: a job replaces the one of the same name. No two jobs share one, because
 * every region begins with a letter or a digit.
 */
export function jobName({ role, region, runOnce }: JobRef): string {
  const name = region === undefined ? role : `${role}-${region}`;
  return runOnce ? `once-${name}` : name;
}

export function sameJob(a: JobRef, b: JobRef): boolean {
  return a.role === b.role && a.region === b.region && a.runOnce === b.runOnce;
}

/** The job that must stop before this one runs: a region runs one kind of publisher at a time. */
export function rivalOf({ role, region, runOnce }: JobRef): JobRef | undefined {
  if (role !== 'publisher' || region === undefined) return undefined;
  return runOnce ? { role, region } : { role, region, runOnce: true };
}
