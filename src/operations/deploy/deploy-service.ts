/** The proxy, the puller or a relay as a Bacalhau service job: submitted, waited for, and stopped. */
import type { RelayJob, ServiceJob } from '../../jobs/job-request.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { answersHttp } from '../../lib/net/http-client.js';
import { noServicesNode } from '../../network/edge-nodes.js';
import { isActive, type Network } from '../../network/network.js';
import type { PlannedServiceJob } from '../../network/provider.js';
import type { EndpointChange } from '../../runtime/control-server.js';
import { foreignJobs, refuseForeign } from './job-owners.js';

export type ServiceRole = ServiceJob['role'];

export interface ServiceOptions {
  timeoutMs: number;
  onProgress(step: string): void;
  /** Reports to `up` where services are now. */
  setEndpoints(change: EndpointChange): Promise<void>;
  /** Also replaces the job of another state folder. */
  takeOver?: boolean;
  /** When aborted, what was replaced is put back. */
  signal: AbortSignal;
}

/** An image takes seconds to pull, and each look starts a client of Bacalhau. */
const CHECK_EVERY_MS = 2000;
/** How long a service job may take to stop: the grace of its container. */
const GONE_MS = 30_000;

/**
 * Resolves when `/health` and `/ready` answer. The proxy runs beside that of `up`. The puller replaces that of `up`,
 * because a queue has one consumer; when this fails, that of `up` runs again. A job that the new one replaced is gone in any case. Rejects with `NO_SERVICES_NODE`,
 * `SERVICE_FAILED` (Bacalhau's message is among the details), `SERVICE_TIMEOUT`, or `JOBS_OF_OTHERS`.
 */
export async function deployService(
  network: Network,
  { job, url }: Pick<PlannedServiceJob, 'job' | 'url'>,
  options: ServiceOptions,
) {
  const began = Date.now();
  const { role, image } = job;
  const { onProgress, setEndpoints, signal } = options;
  const deadline = began + options.timeoutMs;
  if (!options.takeOver) refuseForeign(await foreignJobs(network, { role }));
  onProgress('waiting for the web-services node');
  const isThere = async () =>
    (await network.nodes()).some((node) => node.type === 'web-services' && node.connected) || undefined;
  if (!(await waitFor(isThere, { timeoutMs: options.timeoutMs, everyMs: CHECK_EVERY_MS, signal })))
    throw noServicesNode('none with the label type=web-services is connected');
  try {
    if (role === 'puller') await setEndpoints({ puller: url });
    onProgress(`submitting the ${role}`);
    const { jobId, unchanged } = await network.submit(job);
    onProgress(`waiting for ${url} (the node pulls the image)`);
    await waitUntilReady(network, { role, jobId, url }, { signal, timeoutMs: Math.max(0, deadline - Date.now()) });
    if (role === 'proxy') await setEndpoints({ jobProxy: url });
    return { role, jobId, url, image, unchanged, seconds: (Date.now() - began) / 1000 };
  } catch (error) {
    if (role === 'puller') await stopService(network, role, { url, setEndpoints });
    throw error;
  }
}

/**
 * Rejects with `PROXY_IN_USE` while publishers send to the proxy that runs as a service job: without it they are silent.
 *
 * @param url where the job answers; undefined where there is none
 */
export async function refuseProxyInUse(
  { jobs, proxyNames = {}, sensorProxyUrl }: Pick<Network, 'jobs' | 'proxyNames' | 'sensorProxyUrl'>,
  url: string | undefined,
): Promise<void> {
  if (url === undefined) return;
  const addresses = [url, ...Object.values(proxyNames)];
  const senders = (await jobs()).filter(
    ({ ref, state, proxyUrl }) =>
      isActive({ state }) &&
      proxyUrl !== undefined &&
      addresses.includes(proxyUrl) &&
      proxyUrl !== sensorProxyUrl(ref.region ?? ''),
  );
  if (senders.length === 0) return;
  throw new AppError('PROXY_IN_USE', 'sensors send to the proxy that runs as a service job', {
    details: senders.map(({ name }) => name),
    hint: 'Move them to the proxy of `up` first, with `wasm-sensors deploy publisher`; or stop it all the same with --force.',
  });
}

/**
 * Stops the service job; then the puller of `up` runs again. False when there was no such job.
 *
 * @param options.url where the job answers
 */
export async function stopService(
  network: Pick<Network, 'stop'>,
  role: ServiceRole,
  { url, setEndpoints }: Pick<ServiceOptions, 'setEndpoints'> & { url: string },
): Promise<boolean> {
  const stopped = await network.stop({ role });
  if (role === 'proxy') {
    await setEndpoints({ jobProxy: null });
    return stopped;
  }
  // Two pullers at the same time would share the queue, and the file of the store.
  const gone = async () => !(await answersHttp(`${url}/health`)) || undefined;
  if (stopped) await waitFor(gone, { timeoutMs: GONE_MS });
  await setEndpoints({ puller: null });
  return stopped;
}

async function waitUntilReady(
  network: Network,
  { role, jobId, url }: { role: ServiceRole; jobId: string; url: string },
  { timeoutMs, signal }: Pick<ServiceOptions, 'timeoutMs' | 'signal'>,
): Promise<void> {
  // An older job may still have the port, so the new job's own execution must run, too.
  const check = async () => {
    const answers = (await answersHttp(`${url}/health`)) && (await answersHttp(`${url}/ready`));
    return (await runs(network, jobId, role)) && answers ? true : undefined;
  };
  if (await waitFor(check, { timeoutMs, everyMs: CHECK_EVERY_MS, signal })) return;
  throw new AppError('SERVICE_TIMEOUT', `the ${role} does not answer at ${url}`, {
    hint: `Read its log with \`bacalhau job logs ${jobId}\` (compose network: in \`wasm-sensors shell\`).`,
  });
}

/**
 * Resolves when an execution runs; the relay itself may be where only its site reaches it. Rejects with `SERVICE_FAILED`
 * (Bacalhau's message is among the details), `SERVICE_TIMEOUT`, or `JOBS_OF_OTHERS`.
 */
export async function deployRelay(
  network: Network,
  job: RelayJob,
  { timeoutMs, takeOver }: { timeoutMs: number; takeOver: boolean },
) {
  const began = Date.now();
  const { role, region, image } = job;
  if (!takeOver) refuseForeign(await foreignJobs(network, { role, regions: [region] }));
  const { jobId, unchanged } = await network.submit(job);
  const check = async () => (await runs(network, jobId, role)) || undefined;
  if (await waitFor(check, { timeoutMs, everyMs: CHECK_EVERY_MS }))
    return { role, region, jobId, image, unchanged, seconds: (Date.now() - began) / 1000 };
  throw new AppError('SERVICE_TIMEOUT', `no node of ${region} runs the relay`, {
    hint: `One must have Docker, allow ${job.dataDir} and pull the image: \`bacalhau job describe ${jobId}\`.`,
  });
}

/** Whether an execution of the job runs. Rejects with `SERVICE_FAILED` when none will. */
async function runs(network: Network, jobId: string, role: ServiceRole | 'relay'): Promise<boolean> {
  const job = (await network.jobs()).find(({ id }) => id === jobId);
  if (!job) return false;
  const states = job.executions.map(({ state }) => state);
  if (states.includes('running')) return true;
  const over = job.executions.filter(({ state }) => state === 'failed' || state === 'completed');
  const mayStillStart = over.length === 0 || states.includes('starting');
  if (job.state !== 'failed' && mayStillStart) return false;
  const details = [...over.map(({ node, message }) => `${node}: ${message}`), job.message].filter(Boolean);
  throw new AppError('SERVICE_FAILED', `the ${role} does not run as a service job`, {
    details: [...new Set(details)],
    hint: `The node pulls images from registries only, and must ${role === 'relay' ? 'allow the folder and the variables' : 'reach the queue'}.`,
  });
}
