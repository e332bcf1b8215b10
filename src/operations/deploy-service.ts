/** The proxy or the puller as a Bacalhau service job: submitted, waited for until it answers, and ended. */

import type { ServiceJob } from '../jobs/job-request.js';
import { waitFor } from '../lib/async/backoff.js';
import { AppError, systemError, withContext } from '../lib/errors/app-error.js';
import { answersHttp } from '../lib/net/wait-for-http.js';
import type { Network } from '../network/network.js';
import { noServicesNode } from '../network/region-nodes.js';
import type { EndpointChange } from '../runtime/control-client.js';

export interface ServiceOptions {
  /** Where it answers once it runs: a base URL. */
  url: string;
  timeoutMs: number;
  onProgress(step: string): void;
  /** Tells `up` where services are now. */
  setEndpoints(change: EndpointChange): Promise<void>;
  /** Gives it up: what was replaced for it is put back. */
  signal: AbortSignal;
}

export interface ServiceResult {
  role: ServiceJob['role'];
  jobId: string;
  url: string;
  image: string;
  unchanged: boolean;
  seconds: number;
}

const LOOK_EVERY_MS = 500;
/** A service job has as long as its container's grace to end. */
const GONE_MS = 30_000;

/**
 * Resolves when `/health` and `/ready` answer. The proxy is one more beside that of `up`; the puller takes the place of
 * the one of `up`, for a queue has one consumer, and gives it back when this fails. Rejects with `NO_SERVICES_NODE`,
 * `SERVICE_FAILED` (Bacalhau's message is among the details) or `SERVICE_TIMEOUT`.
 */
export async function deployService(
  network: Network,
  request: ServiceJob,
  options: ServiceOptions,
): Promise<ServiceResult> {
  const began = Date.now();
  const { role } = request;
  const { url, onProgress, setEndpoints } = options;
  const deadline = began + options.timeoutMs;
  onProgress('waiting for the web-services node');
  await waitForNode(network, options);
  const replaced = (await network.jobs()).some(({ ref, state }) => ref.role === role && state === 'running');
  try {
    if (role === 'puller') await setEndpoints({ puller: url });
    onProgress(`submitting the ${role}`);
    const { jobId, unchanged } = await network.submit(request);
    onProgress(`waiting for ${url} (the node fetches the image)`);
    await waitUntilReady(network, { role, jobId }, { ...options, timeoutMs: Math.max(0, deadline - Date.now()) });
    if (role === 'proxy') await setEndpoints({ jobProxy: url });
    return { role, jobId, url, image: request.image, unchanged, seconds: (Date.now() - began) / 1000 };
  } catch (error) {
    if (role === 'puller') await stopService(network, role, options);
    else if (replaced && error instanceof AppError) throw withoutProxy(error);
    throw error;
  }
}

/** A submission of the same name ends the job that ran before, also when it can't take its place. */
function withoutProxy(error: AppError): AppError {
  const hint = `The proxy that ran as a service job before has ended with this; deploy it again as it was, or send sensors back with \`deploy publisher\`.`;
  return withContext(error, { hint: error.hint === undefined ? hint : `${error.hint} ${hint}` });
}

/** Ends the service job; of the puller, the one of `up` takes over again. False when there was no such job. */
export async function stopService(
  network: Network,
  role: ServiceJob['role'],
  { url, setEndpoints }: Pick<ServiceOptions, 'url' | 'setEndpoints'>,
): Promise<boolean> {
  const stopped = await network.stop({ role });
  if (role === 'proxy') await setEndpoints({ jobProxy: null });
  else {
    // Two at the same time would share the queue, and the history's file.
    if (stopped)
      await waitFor(async () => ((await answersHttp(`${url}/health`)) ? undefined : true), { timeoutMs: GONE_MS });
    await setEndpoints({ puller: null });
  }
  return stopped;
}

async function waitUntilReady(
  network: Network,
  { role, jobId }: { role: ServiceJob['role']; jobId: string },
  { url, timeoutMs, signal }: ServiceOptions,
): Promise<void> {
  // What answers may be an older one that still has the port: the job's own execution must run, too.
  const look = async () => {
    const answers = (await answersHttp(`${url}/health`)) && (await answersHttp(`${url}/ready`));
    return (await runs(network, jobId, role)) && answers ? true : undefined;
  };
  if (await waitFor(look, { timeoutMs, everyMs: LOOK_EVERY_MS, signal })) return;
  throw systemError('SERVICE_TIMEOUT', `the ${role} does not answer at ${url}`, {
    hint: `See what it says: wasm-sensors status, or \`bacalhau job logs ${jobId}\` (compose network: in \`wasm-sensors shell\`).`,
  });
}

async function waitForNode(network: Network, { timeoutMs, signal }: ServiceOptions): Promise<void> {
  const look = async () =>
    (await network.nodes()).some((node) => node.type === 'web-services' && node.connected) || undefined;
  if (await waitFor(look, { timeoutMs, everyMs: LOOK_EVERY_MS, signal })) return;
  throw noServicesNode('none with the label type=web-services is connected');
}

/** Whether an execution of the job runs. Rejects with `SERVICE_FAILED` when none will. */
async function runs(network: Network, jobId: string, role: string): Promise<boolean> {
  const job = (await network.jobs()).find(({ id }) => id === jobId);
  const failed = job?.executions.filter(({ state }) => state === 'failed' || state === 'completed') ?? [];
  const states = job?.executions.map(({ state }) => state) ?? [];
  if (states.includes('running')) return true;
  if (!job || (job.state !== 'failed' && (failed.length === 0 || states.includes('starting')))) return false;
  throw systemError('SERVICE_FAILED', `the ${role} does not run as a service job`, {
    details: [...new Set([...failed.map(({ node, message }) => `${node}: ${message}`), job.message].filter(Boolean))],
    hint: 'The node takes images from registries only, and must reach the queue.',
  });
}
