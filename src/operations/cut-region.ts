/** Cuts or restores a region, and waits until the network itself has noticed. */
import { waitFor } from '../lib/async/backoff.js';
import { AppError } from '../lib/errors/app-error.js';
import { requireRegions } from '../network/edge-nodes.js';
import type { Network } from '../network/network.js';
import type { LinkChanged } from '../puller/controls/fleet-controls.js';

/** `relay`: its sensors send to one on site. */
type RegionLinkResult = LinkChanged & { region: string; connected: boolean; relay?: true };

/**
 * Sets a region's link and waits until every edge node of it is seen in that state; `onSet` is called before the wait. Rejects with `NO_SUCH_REGION`, with
 * `NOT_OFFERED` where the network can't cut, and with `LINK_TIMEOUT`.
 */
export async function setRegionLink(
  network: Network,
  region: string,
  connected: boolean,
  options: { timeoutMs: number; onSet(): Promise<void>; onProgress(reached: number, nodes: number): void },
): Promise<RegionLinkResult> {
  const began = Date.now();
  const edgeNodes = async () => (await network.nodes()).filter(({ type }) => type === 'edge');
  const known = (await edgeNodes()).map((node) => node.region);
  requireRegions([region], known);
  await network.setRegionLink(region, connected);
  await options.onSet();
  let reached = 0;
  let nodes = 0;
  const look = async () => {
    const own = (await edgeNodes()).filter((node) => node.region === region);
    nodes = own.length;
    reached = own.filter((node) => node.connected === connected).length;
    options.onProgress(reached, nodes);
    return reached === nodes || undefined;
  };
  // An orchestrator takes some 15 s to notice, and each look starts the client of Bacalhau.
  if (await waitFor(look, { timeoutMs: options.timeoutMs, everyMs: 1000 })) {
    const seconds = (Date.now() - began) / 1000;
    const hasRelay = network.proxyUrlOf !== undefined && network.proxyUrlOf(region) !== network.sensorProxyUrl(region);
    return { region, connected, reached, nodes, seconds, ...(hasRelay ? { relay: true } : {}) };
  }
  const state = connected ? 'connected' : 'disconnected';
  throw new AppError('LINK_TIMEOUT', `region ${region}: ${reached}/${nodes} nodes are seen as ${state}`, {
    hint: 'The link itself is set. `wasm-sensors status` shows when the orchestrator has noticed.',
  });
}
