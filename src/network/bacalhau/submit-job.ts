/** Submits a job: a job of the same name is kept when it is the same, and replaced otherwise. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type JobRequest, jobRefOf, rivalOf, sameJob } from '../../jobs/job-request.js';
import { type JobEnvironment, type RenderedJob, renderJob } from '../../jobs/render-job.js';
import { AppError } from '../../lib/errors/app-error.js';
import { createFileAtomic, readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';
import { readModule } from '../../modules/module-files.js';
import { modulePath } from '../../modules/module-path.js';
import { unschedulableDetails } from '../edge-nodes.js';
import { isActive, type NodeInfo, type Submission } from '../network.js';
import type { BacalhauJob } from './bacalhau-answers.js';
import type { BacalhauClient } from './bacalhau-client.js';

export interface SubmitOptions extends Pick<JobEnvironment, 'forwarded' | 'given'> {
  client: BacalhauClient;
  /** `.wasm-sensors`; submitted documents are kept below it. */
  stateDir: string;
  /** The operator token, which the URLs of modules are signed with. */
  token: string;
  /** Nodes that may still connect for the first time. */
  planned?: NodeInfo[];
  sensorProxyUrl(region: string): string;
  /** As `Network.proxyUrlOf`. */
  proxyUrlOf?(region: string): string;
}

/** The nodes of the cluster, and those that are planned and have never connected. */
export async function allNodes({
  client,
  planned = [],
}: Pick<SubmitOptions, 'client' | 'planned'>): Promise<NodeInfo[]> {
  const known = (await client.nodes()).map(({ heartbeatAt, connectedSince, ...node }) => node);
  return [...new Map([...planned, ...known].map((node) => [node.name, node])).values()];
}

/**
 * Rejects with `NO_MATCHING_NODES` where no node could run it, with `NAME_TAKEN` where a job of somebody else or of
 * another type has the name, and as the client and `renderJob` do.
 */
export async function submitJob(request: JobRequest, options: SubmitOptions): Promise<Submission> {
  const { client, stateDir, token, forwarded, given = {}, sensorProxyUrl, proxyUrlOf = sensorProxyUrl } = options;
  const moduleUrl = (region: string, sha256: string) => `${proxyUrlOf(region)}${modulePath(sha256, token)}`;
  const [rendered, jobs, nodes] = await Promise.all([
    renderJob(request, { module: readModule, moduleUrl, forwarded, given, owner: ownerOf(stateDir) }),
    client.jobs(),
    allNodes(options),
  ]);
  requireNodes(request, nodes);
  const named = jobs.filter((job) => job.name === rendered.name);
  // Jobs that are over are updated, too, and keep their type.
  requireOurs(named, rendered);
  const running = named.filter(isActive);
  const same = running.find((job) => job.hash === rendered.hash);
  if (same && running.length === 1 && (await runsOn(same, client)))
    return { jobId: same.id, jobName: rendered.name, unchanged: true, facts: [] };
  const rival = rivalOf(jobRefOf(request));
  const rivals = jobs.filter((job) => rival && job.ref && isActive(job) && sameJob(job.ref, rival));
  await Promise.all(rivals.map((job) => client.stopJob(job.id)));
  const file = join(stateDir, 'jobs', `${encodeURIComponent(rendered.name)}.yaml`);
  writeFileAtomic(file, rendered.text, 0o600);
  const jobId = await client.runJob(file);
  // The proxies of others will miss the readings of publishers that are replaced.
  const replaced = [...running, ...rivals]
    .filter(({ proxyUrl }) => request.role === 'publisher' && proxyUrl !== undefined && proxyUrl !== request.proxyUrl)
    .map(({ id, version }) => ({ jobId: id, version }));
  return { jobId, jobName: rendered.name, unchanged: false, facts: [], ...(replaced.length === 0 ? {} : { replaced }) };
}

/** Whether a job has ended on none of its nodes. */
async function runsOn(job: BacalhauJob, client: BacalhauClient): Promise<boolean> {
  const newest = new Map((await client.executions(job.id)).map(({ node, state }) => [node, state]));
  return [...newest.values()].every((state) => state !== 'failed' && state !== 'completed');
}

/** Runs again what a submission replaced, as it was. */
export async function restoreReplaced({ jobId, replaced = [] }: Submission, client: BacalhauClient): Promise<void> {
  if (!replaced.some((job) => job.jobId === jobId)) await client.stopJob(jobId);
  for (const job of replaced) await client.rerunJob(job.jobId, job.version);
}

const isSchedulable = (node: NodeInfo, region: string | undefined): boolean =>
  region === undefined || (node.region === region && node.unschedulable === undefined);

/** Rejects with `NAME_TAKEN`. */
function requireOurs(replaced: BacalhauJob[], { name, type }: RenderedJob): void {
  const foreign = replaced.find((job) => !job.ref);
  const other = foreign ?? replaced.find((job) => job.type !== type);
  if (!other) return;
  const what = foreign
    ? 'that is not of this program'
    : `of type ${other.type}, which can't become one of type ${type},`;
  const [does, remedy] = isActive(other)
    ? ['runs on the cluster', `To stop it: \`bacalhau job stop ${other.id}\``]
    : ['was run on the cluster', 'Bacalhau keeps the names of jobs that are over'];
  throw new AppError('NAME_TAKEN', `a job ${name} ${what} ${does}`, {
    hint: `${remedy}. Ours have the label app=wasm-sensors. Give the nodes another region, or use another cluster.`,
  });
}

function requireNodes(request: JobRequest, nodes: NodeInfo[]): void {
  const { role, region, runOnce } = jobRefOf(request);
  const type = region === undefined ? 'web-services' : 'edge';
  const isFit = (node: NodeInfo) =>
    role === 'relay' ? node.region === region : node.type === type && isSchedulable(node, region);
  const fits = nodes.filter(isFit);
  // A disconnected node gets a daemon job when it is back; a job that runs once needs a connected node.
  const waits = ['publisher', 'module'].includes(role) && !runOnce;
  if (fits.some((node) => node.connected || waits)) return;
  const labels = region === undefined ? 'type=web-services' : `type=edge and region=${region}`;
  const cut = fits.length > 0 ? `; ${fits.length} such nodes are disconnected` : '';
  throw new AppError('NO_MATCHING_NODES', `no connected node has the labels ${labels}${cut}`, {
    details: unschedulableDetails(nodes),
    hint:
      type === 'edge'
        ? 'See the nodes with `wasm-sensors status`; --region accepts a region that has nodes.'
        : 'Service jobs need a node with Docker. `wasm-sensors up` runs a proxy and a puller of its own.',
  });
}

/**
 * Whose jobs are whose on a cluster that several people use: each state folder has a random id, made when it is first asked
 * for, which its jobs carry.
 */
export function ownerOf(stateDir: string): string {
  const file = join(stateDir, 'owner');
  const own = () => /^[0-9a-f]{16}$/m.exec(readIfExists(file) ?? '')?.[0];
  const known = own();
  if (known !== undefined) return known;
  const fresh = `${randomBytes(8).toString('hex')}\n`;
  // Of several commands that begin at the same time, one makes it; a damaged file is replaced.
  if (!createFileAtomic(file, fresh) && own() === undefined) writeFileAtomic(file, fresh);
  return own() ?? fresh.trim();
}
