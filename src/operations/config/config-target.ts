/** What changes of the configuration work on. */
import type { KnownJobs } from '../../fleet/fleet-view.js';
import { isActive, type Network, type NodeInfo } from '../../network/network.js';
import { nothingDesired } from '../../protocol/desired-config.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';
import type { FleetReader } from '../../puller/fleet-client.js';

export interface ConfigTarget {
  /** Every proxy that holds configuration, the authority first; never empty. */
  proxies: ProxyClient[];
  fleet: FleetReader;
  /** The jobs, where their network is known. */
  jobs?: () => Promise<KnownJobs>;
  /** The nodes, where their network is known. */
  nodes?: () => Promise<NodeInfo[]>;
}

/** Which jobs of a network are deployed and which have stopped. */
export async function knownJobs(network: Pick<Network, 'jobs'>): Promise<KnownJobs> {
  const known: KnownJobs = { deployed: [], ended: [] };
  for (const job of await network.jobs()) (isActive(job) ? known.deployed : known.ended).push(job.id);
  return known;
}

/** The newest version that sensors report; undefined where no puller answers, because the change itself needs none. */
export async function newestSeen(fleet: Pick<FleetReader, 'convergence'>): Promise<number | undefined> {
  return fleet.convergence(nothingDesired(), {}).then(
    ({ newest }) => newest,
    () => undefined,
  );
}

/** Hosts whose readings any of the proxies refuses; those of proxies that can't be asked are not known. */
export async function revokedHosts(proxies: Pick<ProxyClient, 'revoked'>[]): Promise<string[]> {
  const lists = await Promise.all(proxies.map((proxy) => proxy.revoked().catch(() => [])));
  return [...new Set(lists.flat())].sort();
}
