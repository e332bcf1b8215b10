/** The proxy or the puller as a Bacalhau service job: submitted, and waited for until it answers. */
import { AppError, systemError } from '../core/errors.js';
import { waitFor } from '../lib/backoff.js';
import type { Network, ServiceJob } from './network.js';
import { answersOnce } from './ready.js';

export interface ServiceOptions {
  /** Where it answers once it runs: a base URL. */
  url: string;
  timeoutMs: number;
  onProgress(step: string): void;
}

export interface ServiceResult {
  role: ServiceJob['role'];
  jobId: string;
  url: string;
  image: string;
  unchanged: boolean;
  seconds: number;
}

/**
 * Resolves when `/health` and `/ready` answer. Rejects with `NO_SERVICES_NODE`, `SERVICE_FAILED` (Bacalhau's message is
 * among the details) or `SERVICE_TIMEOUT`.
 */
export async function deployService(
  network: Network,
  request: ServiceJob,
  options: ServiceOptions,
): Promise<ServiceResult> {
  const began = Date.now();
  const { role, image } = request;
  const { url, onProgress } = options;
  const deadline = began + options.timeoutMs;
  onProgress('waiting for the web-services node');
  await waitForNode(network, deadline - Date.now());
  onProgress(`submitting the ${role}`);
  const { jobId, unchanged } = await network.submit(request);
  onProgress(`waiting for ${url} (the node fetches the image)`);
  const ready = await waitFor(
    async () => {
      if ((await answersOnce(`${url}/health`)) && (await answersOnce(`${url}/ready`))) return true;
      await refuseFailure(network, jobId, role);
      return undefined;
    },
    { timeoutMs: Math.max(0, deadline - Date.now()), everyMs: 500 },
  );
  if (!ready) {
    throw systemError('SERVICE_TIMEOUT', `the ${role} does not answer at ${url}`, {
      hint: `See what it says: wasm-sensors status, or \`bacalhau job logs ${jobId}\` in \`wasm-sensors shell\`.`,
    });
  }
  return { role, jobId, url, image, unchanged, seconds: (Date.now() - began) / 1000 };
}

async function waitForNode(network: Network, timeoutMs: number): Promise<void> {
  const found = await waitFor(
    async () => (await network.nodes()).some((node) => node.type === 'web-services' && node.connected) || undefined,
    { timeoutMs, everyMs: 500 },
  );
  if (found) return;
  throw new AppError('NO_SERVICES_NODE', 'system', 'no node with the label type=web-services is connected', {
    hint: 'Service jobs need a node with Docker. `wasm-sensors up` runs a proxy and a puller of its own without one.',
  });
}

async function refuseFailure(network: Network, jobId: string, role: string): Promise<void> {
  const job = (await network.jobs()).find(({ id }) => id === jobId);
  const failed = job?.executions.filter(({ state }) => state === 'failed' || state === 'completed') ?? [];
  const running = job?.executions.some(({ state }) => state === 'running' || state === 'starting');
  if (!job || (job.state !== 'failed' && (failed.length === 0 || running))) return;
  throw systemError('SERVICE_FAILED', `the ${role} does not run as a service job`, {
    details: [...new Set([...failed.map(({ node, message }) => `${node}: ${message}`), job.message].filter(Boolean))],
    hint: 'The node takes images from registries only, and must reach the queue.',
  });
}
