import { messageOf } from '../lib/errors/app-error.js';
import { type ExecutionInfo, type JobInfo, type Network, newestByNode } from '../network/network.js';
import type { ProxyClient } from '../proxy/proxy-client.js';
import type { FleetClient } from '../puller/fleet-client.js';
import type { FleetSnapshot } from '../puller/puller-app.js';
import { type ConfigTarget, revokedHosts } from './config/config-target.js';
import { publisherNotices } from './deploy/job-owners.js';
import { readVersions } from './deploy/versions.js';

interface StatusTarget extends Pick<ConfigTarget, 'proxies' | 'jobs'> {
  fleet: ConfigTarget['fleet'] & Pick<FleetClient, 'stats'>;
  /** Left out: the puller is that of a network elsewhere. */
  network?: Network;
  stateDir: string;
}

/** More is left out of documents, which say how many. */
const MAX_NAMED = 100_000;

export type Status = Awaited<ReturnType<typeof readStatus>>;

/**
 * `withSensors`: with each sensor of the fleet, which may be many. What an orchestrator or a proxy that does not answer would report is undefined; it does not hide the rest. Rejects when the
 * puller does not answer.
 */
export async function readStatus({ network, proxies, fleet, jobs, stateDir }: StatusTarget, withSensors = true) {
  const reasons = new Map<'network' | 'proxy', string>();
  const missing = (service: 'network' | 'proxy') => (error: unknown) => {
    if (!reasons.has(service)) reasons.set(service, messageOf(error));
    return undefined;
  };
  const convergence = async () => {
    const state = await proxies[0]?.state();
    return state && fleet.convergence(state, {}, { jobs: await jobs?.().catch(() => undefined) });
  };
  const counted = async (proxy: ProxyClient) => {
    const stats = await proxy.stats().catch(missing('proxy'));
    return stats ? [{ url: proxy.url, ...stats }] : [];
  };
  const [snapshot, puller, nodes, listed, converged, counts, revoked] = await Promise.all([
    withSensors ? fleet.snapshot({ limit: MAX_NAMED }) : onlySummary(fleet),
    fleet.stats(),
    network?.nodes().catch(missing('network')),
    network?.jobs().catch(missing('network')),
    convergence().catch(missing('proxy')),
    Promise.all(proxies.map(counted)),
    revokedHosts(proxies),
  ]);
  const urls = proxies.map(({ url }) => url);
  const unanswered = [...reasons].map(([service, reason]) => ({ service, reason }));
  return {
    nodes,
    jobs: listed,
    fleet: snapshot,
    convergence: converged,
    puller,
    versions: network ? readVersions(stateDir) : {},
    /** Of each that answers. */
    proxies: counts.flat(),
    /** Hosts whose readings a proxy refuses. */
    revoked,
    notices: network ? publisherNotices(network, listed ?? [], urls) : [],
    unanswered,
  };
}

const onlySummary = async (fleet: ConfigTarget['fleet']): Promise<FleetSnapshot> => ({
  summary: await fleet.summary(),
  sensors: [],
});

/** Executions that failed: the newest of each node, or those replaced since, as on a node that was cut off for long. */
export const failedExecutions = (jobs: JobInfo[], which: 'newest' | 'replaced') =>
  jobs.flatMap(({ name: job, executions }) => {
    const found: (ExecutionInfo & { by?: string })[] = newestByNode(executions)[which];
    const failed = found.filter(({ state }) => state === 'failed');
    return failed.map(({ node, message, by }) => ({ job, node, message, replacedBy: by }));
  });
