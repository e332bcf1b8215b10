/**
 * Deploys a module of the user. What it does is its own affair, so the result is what the network reports: that it has
 * started on every connected node and stays, or has ended without an error.
 */
import type { ModuleJob } from '../../jobs/job-request.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { readUserModule } from '../../modules/user-module.js';
import { nodesByRegion } from '../../network/edge-nodes.js';
import { type ExecutionInfo, type Network, newestByNode } from '../../network/network.js';
import { foreignJobs, refuseForeign } from './job-owners.js';
import { provideModule, type SubmitTarget, type Submitted, submitInOrder } from './submit-in-order.js';

export interface DeployModuleOptions extends Pick<ModuleJob, 'name' | 'parameters' | 'env' | 'allow'> {
  /** Path of the file. */
  file: string;
  /** Left out: every region that has edge nodes. */
  regions?: string[] | undefined;
  once: boolean;
  takeOver: boolean;
  /** Fails when it does not run on every connected node by then. */
  timeoutMs: number;
  onProgress(step: string): void;
}

export type DeployModuleResult = Awaited<ReturnType<typeof deployModule>>;

/** One that can't start, or finds that something is missing, has exited by then (docs/modules.md). */
const STAYS_MS = 5000;
const CHECK_MS = 250;

/**
 * Rejects as `readUserModule` and `provideModule` do, with `NO_NODES`, `JOBS_OF_OTHERS`, with `MODULE_FAILED` when it exits with an error on a
 * node (the details have the end of its output), and with `DEPLOY_TIMEOUT`.
 */
export async function deployModule(target: SubmitTarget, options: DeployModuleOptions) {
  const began = Date.now();
  const { network } = target;
  const { file, name, parameters, env, once, allow = [], onProgress } = options;
  const module = await readUserModule(file);
  const { bytes, sha256, facts } = module;
  const downloaded = await provideModule(target, module);
  const nodes = nodesByRegion(await network.nodes(), options.regions);
  const regions = [...nodes.keys()];
  if (!options.takeOver) refuseForeign(await foreignJobs(network, { role: 'module', name, regions }));
  const expected = [...nodes.values()].reduce((sum, { connected }) => sum + connected, 0);
  onProgress(`submitting ${name}`);
  const { submissions } = await submitInOrder(target, regions, (region, submissionTime) => ({
    role: 'module',
    name,
    region,
    module,
    parameters,
    env,
    once,
    allow,
    submissionTime,
    proxyUrl: network.sensorProxyUrl(region),
  }));
  const watchMs = STAYS_MS + (network.unseenStartMs?.(bytes.length) ?? 0);
  const executions = await watch(network, submissions, { ...options, expected, watchMs });
  const count = (state: ExecutionInfo['state']) => executions.filter((one) => one.state === state).length;
  return {
    name,
    module: { ...facts, bytes: bytes.length, sha256 },
    /** Nodes download it from the proxy; else it is in the job. */
    downloaded,
    regions: submissions.map(([region, { jobId, jobName: job, unchanged }]) => {
      const { connected, disconnected } = nodes.get(region)!;
      return { region, job, jobId, unchanged, nodes: connected, pending: disconnected };
    }),
    /** Executions, of the connected nodes. */
    running: count('running'),
    completed: count('completed'),
    facts: submissions.flatMap(([, submission]) => submission.facts),
    seconds: (Date.now() - began) / 1000,
  };
}

/**
 * Resolves with the execution of each node that shows what became of the submission, when all have run for `watchMs` or
 * have ended.
 */
async function watch(
  network: Network,
  submissions: Submitted['submissions'],
  { name, timeoutMs, onProgress, expected, watchMs }: DeployModuleOptions & { expected: number; watchMs: number },
): Promise<ExecutionInfo[]> {
  const unchanged = new Map(submissions.map(([, submission]) => [submission.jobId, submission.unchanged]));
  let allSince: number | undefined;
  let executions: ExecutionInfo[] = [];
  const check = async () => {
    const jobs = (await network.jobs()).filter(({ id }) => unchanged.has(id));
    executions = jobs.flatMap((job) => {
      // Bacalhau starts one that has ended once more, at once. In a job that ran before, such an end is an old one.
      const ended = unchanged.get(job.id) ? [] : job.executions.filter(({ state }) => ENDED.includes(state));
      return newestByNode([...job.executions, ...ended]).newest;
    });
    const failed = executions.filter(({ state }) => state === 'failed');
    if (failed.length > 0) {
      const where = failed.length === 1 ? failed[0]!.node : `${failed.length} nodes`;
      throw new AppError('MODULE_FAILED', `${name} failed on ${where}`, {
        details: failed.map(({ node, message }) => `${node}: ${message}`),
        hint: 'This is the end of its output, or why the node could not run it.',
      });
    }
    // Bacalhau gives up a job that should run on and has ended twice, also without an error, while others still start.
    const lost = jobs.find(
      (job) => job.state === 'failed' && !job.executions.some(({ state }) => state === 'completed'),
    );
    if (lost) throw new AppError('MODULE_FAILED', `${lost.name}: ${lost.message}`);
    const completed = executions.filter(({ state }) => state === 'completed').length;
    const started = executions.filter(({ state }) => state === 'running').length + completed;
    if (started >= expected) allSince ??= Date.now();
    if (completed >= expected) return true;
    onProgress(`${started}/${expected} nodes run ${name}${allSince ? '; watching whether it stays' : ''}`);
    return allSince !== undefined && Date.now() - allSince >= watchMs ? true : undefined;
  };
  if (await waitFor(check, { timeoutMs: timeoutMs + watchMs, everyMs: CHECK_MS })) return executions;
  throw new AppError('DEPLOY_TIMEOUT', `${name} does not run on all ${expected} nodes after ${timeoutMs / 1000} s`, {
    details: executions.filter(({ state }) => state === 'starting').map(({ node }) => `${node}: starting`),
    hint: 'It may still start: `wasm-sensors status` shows it.',
  });
}

const ENDED: ExecutionInfo['state'][] = ['completed', 'failed'];
