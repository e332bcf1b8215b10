/** Submits a job: a job of the same name is kept when it is the same, and replaced otherwise. */
import { join } from 'node:path';
import { type JobRequest, jobRefOf, rivalOf, sameJob } from '../../jobs/job-request.js';
import { HASH_LABEL, type JobEnvironment, type RenderedJob, renderJob } from '../../jobs/render-job.js';
import { AppError } from '../../lib/errors/app-error.js';
import { writeFileAtomic } from '../../lib/fs/durable-files.js';
import { unschedulableDetails } from '../edge-nodes.js';
import type { NodeInfo, Submission } from '../network.js';
import type { BacalhauClient } from './bacalhau-client.js';
import { isOurs, proxyUrlOf, toExecution, toJobRef, toNodes } from './bacalhau-mapping.js';
import type { RawJob } from './bacalhau-schemas.js';
import { ownerOf } from './owner.js';

export interface SubmitOptions {
  client: BacalhauClient;
  stateDir: string;
  environment: JobEnvironment;
  /** Nodes that may still connect for the first time. */
  planned?: NodeInfo[];
}

/** Whether a job has completed, failed or stopped. */
export const isOver = (job: RawJob): boolean => ['Completed', 'Failed', 'Stopped'].includes(job.State.StateType);

/**
 * Rejects with `NO_MATCHING_NODES` where no node could run it, with `NAME_TAKEN` where a job of somebody else or of
 * another type has the name, and as the client and `renderJob` do.
 */
export async function submitJob(request: JobRequest, options: SubmitOptions): Promise<Submission> {
  const { client } = options;
  const [rendered, jobs, nodes] = await Promise.all([
    renderJob(request, { ...options.environment, owner: ownerOf(options.stateDir) }),
    client.jobs(),
    client.nodes(),
  ]);
  requireNodes(request, toNodes(nodes, options.planned));
  const named = jobs.filter((job) => job.Name === rendered.name);
  // Jobs that are over are updated, too, and keep their type.
  requireOurs(named, rendered);
  const running = named.filter((job) => !isOver(job));
  const same = await findSame(running, rendered, client);
  if (same) return same;
  const rival = rivalOf(jobRefOf(request));
  const rivals = jobs.filter((job) => rival && isOurs(job) && !isOver(job) && sameJob(toJobRef(job), rival));
  await Promise.all(rivals.map((job) => client.stopJob(job.ID)));
  const file = join(options.stateDir, 'jobs', `${encodeURIComponent(rendered.name)}.yaml`);
  writeFileAtomic(file, rendered.text, 0o600);
  const jobId = await client.runJob(file);
  const elsewhere = [...running, ...rivals].filter((job) => sendsElsewhere(job, request));
  const replaced = elsewhere.map(({ ID, Version }) => ({ jobId: ID, version: Version }));
  return { jobId, jobName: rendered.name, unchanged: false, facts: [], ...(replaced.length === 0 ? {} : { replaced }) };
}

/** Whether a publisher that is replaced has a proxy of its own, which will miss its readings. */
function sendsElsewhere(job: RawJob, request: JobRequest): boolean {
  const url = proxyUrlOf(job);
  return request.role === 'publisher' && url !== undefined && url !== request.proxyUrl;
}

/** Runs again what a submission replaced, as it was. */
export async function restoreReplaced({ jobId, replaced = [] }: Submission, client: BacalhauClient): Promise<void> {
  if (!replaced.some((job) => job.jobId === jobId)) await client.stopJob(jobId);
  for (const job of replaced) await client.rerunJob(job.jobId, job.version);
}

/** Rejects with `NAME_TAKEN`. */
function requireOurs(replaced: RawJob[], { name, type }: RenderedJob): void {
  const foreign = replaced.find((job) => !isOurs(job));
  const other = foreign ?? replaced.find((job) => job.Type !== type);
  if (!other) return;
  const what = foreign
    ? 'that is not of this program'
    : `of type ${other.Type}, which can't become one of type ${type},`;
  const [does, remedy] = isOver(other)
    ? ['was run on the cluster', 'Bacalhau keeps the names of jobs that are over']
    : ['runs on the cluster', `To stop it: \`bacalhau job stop ${other.ID}\``];
  throw new AppError('NAME_TAKEN', `a job ${name} ${what} ${does}`, {
    hint: `${remedy}. Ours have the label app=wasm-sensors. Give the nodes another region, or use another cluster.`,
  });
}

/** The job that already runs exactly this document, if there is one; nothing is submitted. */
export async function findRunning(request: JobRequest, options: SubmitOptions): Promise<Submission | undefined> {
  const { client, environment } = options;
  const [rendered, jobs] = await Promise.all([renderJob(request, environment), client.jobs()]);
  const running = jobs.filter((job) => job.Name === rendered.name && isOurs(job) && !isOver(job));
  return findSame(running, rendered, client);
}

/** The same job, where it runs; one that has ended on a node is submitted again. */
async function findSame(
  running: RawJob[],
  rendered: RenderedJob,
  client: BacalhauClient,
): Promise<Submission | undefined> {
  const same = running.find((job) => job.Labels?.[HASH_LABEL] === rendered.hash);
  if (!same || running.length > 1) return undefined;
  const newest = new Map((await client.executions(same.ID)).map((execution) => [execution.NodeID, execution]));
  const ended = [...newest.values()].some((one) => ['failed', 'completed'].includes(toExecution(one).state));
  return ended ? undefined : { jobId: same.ID, jobName: rendered.name, unchanged: true, facts: [] };
}

function requireNodes(request: JobRequest, nodes: NodeInfo[]): void {
  const type = 'region' in request ? 'edge' : 'web-services';
  const labelled = nodes.filter(
    (node) => node.type === type && (!('region' in request) || node.region === request.region),
  );
  const fits = 'region' in request ? labelled.filter(({ unschedulable }) => unschedulable === undefined) : labelled;
  // A disconnected node gets a daemon job when it is back; a job that runs once needs a connected node.
  const waits = ['publisher', 'module'].includes(request.role) && !jobRefOf(request).runOnce;
  if (fits.some((node) => node.connected || waits)) return;
  const labels = 'region' in request ? `type=edge and region=${request.region}` : 'type=web-services';
  const cut = fits.length > 0 ? `; ${fits.length} such nodes are disconnected` : '';
  throw new AppError('NO_MATCHING_NODES', `no connected node has the labels ${labels}${cut}`, {
    details: unschedulableDetails(nodes),
    hint:
      type === 'edge'
        ? 'See the nodes with `wasm-sensors status`; --region accepts a region that has nodes.'
        : 'Service jobs need a node with Docker. `wasm-sensors up` runs a proxy and a puller of its own.',
  });
}
