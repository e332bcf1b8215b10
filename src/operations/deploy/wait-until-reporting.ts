/** Waits until the sensors of a deployment send: "submitted" is not "running". */
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { answersHttp } from '../../lib/net/http-client.js';
import { nodesByRegion, type RegionNodes } from '../../network/edge-nodes.js';
import type { Network } from '../../network/network.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import type { Submitted } from './submit-in-order.js';
import { watchNodes } from './watch-nodes.js';

export interface ReportingOptions {
  /** Of the submitted regions. */
  nodes: Map<string, RegionNodes>;
  /** Sensors stop by themselves. */
  mayComplete: boolean;
  /** Fails when no further sensor reports for this time. */
  timeoutMs: number;
  /** What to do then. */
  timeoutHint: string;
  /** The URL that these sensors were given for their proxy. */
  proxyUrl: string | undefined;
  onProgress(step: string): void;
}

/** How many sensors of each region report, and its nodes now. */
export interface Reporting {
  nodes: Map<string, RegionNodes>;
  seen: Map<string, number>;
}

/** Resolves when as many report as there are connected nodes. Rejects with `DEPLOY_FAILED` and `DEPLOY_TIMEOUT`. */
export async function waitUntilReporting(
  { network, fleet }: { network: Network; fleet: Pick<FleetClient, 'countSince'> },
  { submissionTime, submissions }: Submitted,
  options: ReportingOptions,
): Promise<Reporting> {
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
    if (arrived >= expected) return 'all';
    return Date.now() - since > timeoutMs ? 'some' : undefined;
  };
  const watch = new AbortController();
  const jobIds = submissions.map(([, { jobId }]) => jobId);
  const failure = watchNodes(network, { jobIds, mayComplete }, watch.signal, (now) => {
    // Does not wait for a node that is cut off in the meantime.
    nodes = nodesByRegion(now, regions);
  });
  try {
    const waiting = waitFor(check, { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 50, signal: watch.signal });
    if ((await Promise.race([waiting, failure])) === 'some')
      throw await deployTimeout(network, { nodes, seen }, options);
  } finally {
    watch.abort();
  }
  return { nodes, seen };
}

/** Where nothing answers at the proxy that was given. A name of the network's own leads nowhere from here. */
async function silentHint(url: string | undefined, { proxyNames = {} }: Network): Promise<string | undefined> {
  if (url === undefined || Object.values(proxyNames).includes(url)) return undefined;
  if (await answersHttp(`${url}/health`)) return undefined;
  return `Nothing answers at ${url}, where these sensors send to (asked from here).`;
}

async function deployTimeout(
  network: Network,
  { nodes, seen }: Reporting,
  options: ReportingOptions,
): Promise<AppError> {
  const { timeoutMs, proxyUrl, timeoutHint } = options;
  const message = `not all sensors are reporting, and no further one began within ${timeoutMs / 1000} s`;
  const details = [...nodes].map(
    ([region, { connected }]) => `${region}: ${seen.get(region) ?? 0} of ${connected} sensors reporting`,
  );
  return new AppError('DEPLOY_TIMEOUT', message, {
    details,
    hint: (await silentHint(proxyUrl, network)) ?? timeoutHint,
  });
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
