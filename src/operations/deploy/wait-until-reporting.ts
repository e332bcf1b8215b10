/** Waits until the sensors of a deployment send: "submitted" is not "running". */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { answersHttp } from '../../lib/net/http-client.js';
import { nodesByRegion, type RegionNodes } from '../../network/edge-nodes.js';
import { type ExecutionInfo, type Network, type NodeInfo, newestByNode } from '../../network/network.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import type { DeployOptions } from './deploy-publisher.js';
import type { Submitted } from './submit-in-order.js';

interface ReportingOptions extends Pick<DeployOptions, 'timeoutMs' | 'timeoutHint' | 'onProgress'> {
  /** Of the submitted regions. */
  nodes: Map<string, RegionNodes>;
  /** Sensors stop by themselves. */
  mayComplete: boolean;
  /** The URL that these sensors were given for their proxy. */
  proxyUrl: string | undefined;
}

/**
 * Resolves when as many report as there are connected nodes, with how many of each region do, and its nodes now. Rejects with
 * `DEPLOY_FAILED` and `DEPLOY_TIMEOUT`.
 */
export async function waitUntilReporting(
  { network, fleet }: { network: Network; fleet: Pick<FleetClient, 'countSince'> },
  { submissionTime, submissions }: Submitted,
  options: ReportingOptions,
) {
  const { mayComplete, timeoutMs, onProgress } = options;
  const regions = submissions.map(([region]) => region);
  let { nodes } = options;
  const seen = new Map<string, number>();
  let most = 0;
  let since = Date.now();
  const check = async () => {
    const [fresh, any] = await Promise.all([fleet.countSince(submissionTime), fleet.countSince(0)]);
    for (const [region, { unchanged }] of submissions) seen.set(region, (unchanged ? any : fresh)[region] ?? 0);
    const arrived = sum([...nodes].map(([region, { connected }]) => Math.min(connected, seen.get(region) ?? 0)));
    const expected = sum([...nodes.values()].map(({ connected }) => connected));
    onProgress(`${arrived}/${expected} sensors reporting`);
    if (arrived > most) {
      most = arrived;
      since = Date.now();
    }
    if (arrived >= expected) return true;
    if (Date.now() - since <= timeoutMs) return undefined;
    throw new AppError(
      'DEPLOY_TIMEOUT',
      `not all sensors are reporting, and no further one began within ${timeoutMs / 1000} s`,
      {
        details: [...nodes].map(
          ([region, { connected }]) => `${region}: ${seen.get(region) ?? 0} of ${connected} sensors reporting`,
        ),
        hint: (await silentHint(options.proxyUrl, network)) ?? options.timeoutHint,
      },
    );
  };
  const watch = new AbortController();
  const jobIds = submissions.map(([, { jobId }]) => jobId);
  const failure = watchNodes(network, { jobIds, mayComplete }, watch.signal, (now) => {
    // Does not wait for a node that is cut off in the meantime.
    nodes = nodesByRegion(now, regions);
  });
  try {
    const waiting = waitFor(check, { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 50, signal: watch.signal });
    await Promise.race([waiting, failure]);
  } finally {
    watch.abort();
  }
  return { nodes, seen };
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);

/** Where nothing answers at the proxy that was given. A name of the network's own leads nowhere from here. */
async function silentHint(url: string | undefined, { proxyNames = {} }: Network): Promise<string | undefined> {
  if (url === undefined || Object.values(proxyNames).includes(url)) return undefined;
  if (await answersHttp(`${url}/health`)) return undefined;
  return `Nothing answers at ${url}, where these sensors send to (asked from here).`;
}

const ASK_MS = 1500;
/** The pause after a question for the executions is this many times as long as the answer took. */
const ASK_SHARE = 10;

/** Rejects as soon as an execution of these jobs has ended on a connected node; reports the nodes on the way. */
async function watchNodes(
  network: Network,
  { jobIds, mayComplete }: { jobIds: string[]; mayComplete: boolean },
  signal: AbortSignal,
  onNodes: (nodes: NodeInfo[]) => void,
): Promise<never> {
  for (let took = 0; ; ) {
    // Executions carry their whole job, and hundreds of them take time from the nodes that are to start them.
    await sleep(Math.max(ASK_MS, ASK_SHARE * took), undefined, { signal }).catch(() => {});
    // After the abort the outcome is not used any more.
    if (signal.aborted) return new Promise(() => {});
    const began = Date.now();
    const [all, nodes] = await Promise.all([network.jobs(), network.nodes()]).catch(() => [[], undefined] as const);
    took = Date.now() - began;
    if (nodes) onNodes(nodes);
    const jobs = all.filter(({ id }) => jobIds.includes(id));
    const there = new Set(nodes?.flatMap(({ name, connected }) => (connected ? [name] : [])));
    const ended = jobs
      .flatMap(({ executions }) => newestByNode(executions).newest)
      .filter(({ state, node }) => there.has(node) && (state === 'failed' || (state === 'completed' && !mayComplete)));
    const lost = jobs.filter(({ state }) => state === 'failed').map(({ name, message }) => `${name}: ${message}`);
    const details = ended.length > 0 ? ended.map((one) => `${one.node}: ${endText(one)}`) : lost;
    if (details.length === 0) continue;
    const which = details.length === 1 ? '1 publisher' : `${details.length} publishers`;
    throw new AppError('DEPLOY_FAILED', `${which} failed`, { details });
  }
}

const endText = ({ state, message }: ExecutionInfo): string =>
  [state === 'completed' && 'it completed', message].filter(Boolean).join(': ');
