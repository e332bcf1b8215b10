/** Cutting and restoring a region, until the network itself has noticed. */

import { waitFor } from '../lib/async/backoff.js';
import { systemError, usageError } from '../lib/errors/app-error.js';
import type { Network } from '../network/network.js';

export interface RegionLinkResult {
  region: string;
  connected: boolean;
  /** Edge nodes of the region that are in this state, of all it has. */
  reached: number;
  nodes: number;
  seconds: number;
}

/**
 * Sets a region's link and waits until every edge node of it is seen in that state. Rejects with `NO_SUCH_REGION`, with
 * `NOT_OFFERED` where the network can't cut, and with `LINK_TIMEOUT`.
 */
export async function setRegionLink(
  network: Network,
  region: string,
  connected: boolean,
  options: {
    timeoutMs: number;
    /** The link is in the wished state; now the network has to notice. */
    onSet(): Promise<void>;
    onProgress(reached: number, nodes: number): void;
  },
): Promise<RegionLinkResult> {
  const began = Date.now();
  const all = (await network.nodes()).filter(({ type }) => type === 'edge');
  if (!all.some((node) => node.region === region)) {
    const regions = [...new Set(all.map((node) => node.region))].join(', ');
    throw usageError('NO_SUCH_REGION', `there is no region ${JSON.stringify(region)}`, `Regions: ${regions}.`);
  }
  await network.setRegionLink(region, connected);
  await options.onSet();
  let reached = 0;
  let nodes = 0;
  const done = await waitFor(
    async () => {
      const own = (await network.nodes()).filter((node) => node.type === 'edge' && node.region === region);
      nodes = own.length;
      reached = own.filter((node) => node.connected === connected).length;
      options.onProgress(reached, nodes);
      return reached === nodes ? true : undefined;
    },
    { timeoutMs: options.timeoutMs, everyMs: 250 },
  );
  if (!done) {
    const state = connected ? 'connected' : 'disconnected';
    throw systemError('LINK_TIMEOUT', `${reached}/${nodes} nodes of ${region} are seen as ${state}`, {
      hint: 'The link itself was set; `wasm-sensors status` shows when the orchestrator notices.',
    });
  }
  return { region, connected, reached, nodes, seconds: (Date.now() - began) / 1000 };
}
