/** Jobs of other state folders, and publishers that nobody submitted with this program. */
import type { JobRef } from '../../jobs/job-request.js';
import { AppError } from '../../lib/errors/app-error.js';
import { isActive, type JobInfo, type Network } from '../../network/network.js';

/** Of another state folder. Jobs of earlier versions carry no owner and count as ours. */
export const isForeign = (job: JobInfo, { owner }: Pick<Network, 'owner'>): boolean =>
  owner !== undefined && job.owner !== undefined && job.owner !== owner;

/** Which jobs: of a role or of one module, of these regions or of all. */
export interface JobSelector {
  role: JobRef['role'];
  name?: string | undefined;
  regions?: string[] | undefined;
}

/** One without a region is of every region. */
export const jobsOf = (jobs: JobInfo[], { role, name, regions }: JobSelector): JobInfo[] =>
  jobs.filter(
    ({ ref }) =>
      ref.role === role && ref.name === name && (!regions || ref.region === undefined || regions.includes(ref.region)),
  );

/** Jobs of others that a deployment of these would replace. */
export async function foreignJobs(network: Pick<Network, 'jobs' | 'owner'>, selector: JobSelector): Promise<JobInfo[]> {
  if (network.owner === undefined) return [];
  return jobsOf(await network.jobs(), selector).filter((job) => isActive(job) && isForeign(job, network));
}

/** Throws `JOBS_OF_OTHERS` when there are any. */
export function refuseForeign(foreign: JobInfo[]): void {
  if (foreign.length === 0) return;
  const names = foreign.map(({ name }) => name).join(', ');
  throw new AppError('JOBS_OF_OTHERS', `${names}: submitted from another state folder, perhaps by somebody else`, {
    hint: 'Give --take-over to replace or stop them all the same. Who submitted them then goes without.',
    details: foreign.map(({ name, owner, proxyUrl }) =>
      proxyUrl === undefined ? `${name} is of ${owner}` : `${name} of ${owner} sends to ${proxyUrl}`,
    ),
  });
}

/** The same base URL, in different spellings. */
export function sameUrl(a: string, b: string): boolean {
  const plain = (url: string) => {
    if (!URL.canParse(url)) return url;
    const { protocol, hostname, port, pathname } = new URL(url);
    return `${protocol}//${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port}${pathname.replace(/\/+$/, '')}`;
  };
  return plain(a) === plain(b);
}

/** What an operator should know of a running publisher that is not as this program deployed it. */
export type PublisherNotice =
  /** It is of another state folder. */
  | { type: 'publisher.foreign'; job: string; owner: string; proxyUrl: string | undefined }
  /** It is ours, but sends to none of our proxies. */
  | { type: 'publisher.sends-elsewhere'; job: string; proxyUrl: string };

/** `proxies`: base URLs of those that this `up` and its followers have. */
export function publisherNotices(network: Network, jobs: JobInfo[], proxies: string[]): PublisherNotice[] {
  const relays = jobsOf(jobs, { role: 'relay' }).flatMap((job) => (isActive(job) ? (job.proxyUrl ?? []) : []));
  const own = [...proxies, ...Object.values(network.proxyNames ?? {}), ...relays];
  const running = jobsOf(jobs, { role: 'publisher' }).filter(isActive);
  const isOurProxy = (url: string, region = '') =>
    [...own, network.sensorProxyUrl(region)].some((one) => sameUrl(one, url));
  return running.flatMap((job): PublisherNotice[] => {
    const { name, owner, proxyUrl, ref } = job;
    if (isForeign(job, network) && owner !== undefined) {
      return [{ type: 'publisher.foreign', job: name, owner, proxyUrl }];
    }
    if (proxyUrl === undefined || isOurProxy(proxyUrl, ref.region)) return [];
    return [{ type: 'publisher.sends-elsewhere', job: name, proxyUrl }];
  });
}
