/** What a job is, as data: its name is made from it and never parsed back. */
import type { JobRequest } from './job-request.js';

export interface JobRef {
  role: JobRequest['role'];
  /** Left out: a service, or a publisher that somebody submitted by hand for all regions. */
  region?: string;
  /** Of a module of the user; all others are known by their role. */
  name?: string;
  /** It stops by itself: another type of job, which no daemon of the same name can become. */
  runOnce?: true;
}

/** Labels that carry the `JobRef` of a job; its role is in the templates. */
export const ROLE_LABEL = 'role';
export const REGION_LABEL = 'region';
/** The name of a module of the user. */
export const MODULE_LABEL = 'module';

/** A publisher for all regions; only submitted by hand, from our template. */
export const ALL_REGIONS_PUBLISHER: JobRef = { role: 'publisher' };

export function jobRefOf(request: JobRequest): JobRef {
  if (!('region' in request)) return { role: request.role };
  const { role, region } = request;
  const once = role === 'publisher' ? request.maxMessages !== undefined : role === 'module' && request.once === true;
  return { role, region, ...(role === 'module' ? { name: request.name } : {}), ...(once ? { runOnce: true } : {}) };
}

/**
 * The name under which the job is submitted: a job replaces the one of the same name. No two jobs share one, because
 * every region begins with a letter or a digit, and names of modules have no dots.
 */
export function jobName({ role, region, name, runOnce }: JobRef): string {
  const own = name === undefined ? role : `${role}-${name}`;
  const whole = region === undefined ? own : `${own}${name === undefined ? '-' : '.'}${region}`;
  return runOnce ? `once-${whole}` : whole;
}

export function sameJob(a: JobRef, b: JobRef): boolean {
  return a.role === b.role && a.region === b.region && a.name === b.name && a.runOnce === b.runOnce;
}

/** The job that must stop before this one runs: a region runs one kind of publisher, and one of a module, at a time. */
export function rivalOf({ runOnce, ...job }: JobRef): JobRef | undefined {
  if (!['publisher', 'module'].includes(job.role) || job.region === undefined) return undefined;
  return runOnce ? job : { ...job, runOnce: true };
}
