/**
 * A region's link is a Docker network; its nodes are in no other one. Without a relay they leave it when the region is cut; with
 * one they stay there together, and what is not of the region leaves it.
 */
import { type Container, containersOf } from '../../../docker/containers.js';
import { docker } from '../../../docker/docker-cli.js';
import type { AppError } from '../../../lib/errors/app-error.js';
import { isEdgeOf, requireRegions } from '../../edge-nodes.js';
import { REGIONS } from '../../network.js';

/** What nodes and relays reach through the network of their region, by these names. */
const OUTSIDE = ['orchestrator', 'sqs-proxy', 'web-services'];

/**
 * Cuts and restores the regions of one network: disconnects containers from a region's network, or connects them
 * again; they keep running. Containers that already are in that state are left as they are. Rejects with `NO_SUCH_REGION`.
 */
export function regionNetworks(
  project: string,
  relays: boolean,
): (region: string, connected: boolean) => Promise<void> {
  /** What left the networks of cut regions, by ascending address. */
  const cut = new Map<string, Container[]>();
  return async (region, connected) => {
    requireRegions([region], [...REGIONS]);
    const network = `${project}_region-${region}`;
    const containers = (await containersOf({ project }))
      .filter(({ service }) => (relays ? OUTSIDE.includes(service) : isEdgeOf(service, region)))
      .sort((a, b) => addressIn(network, a) - addressIn(network, b));
    if (!connected) {
      if (!cut.has(region)) cut.set(region, containers);
      await Promise.all(containers.map(({ name }) => unlessDone(docker(['network', 'disconnect', network, name]))));
      return;
    }
    // The engine gives out the lowest free address. In this order each container gets its own back, and its open
    // connections continue at once; with another address they would hang until they time out.
    for (const { name, service } of cut.get(region) ?? containers) {
      // Its name there, which nobody asks for of a node.
      const alias = relays ? ['--alias', service] : [];
      await unlessDone(docker(['network', 'connect', ...alias, network, name]));
    }
    cut.delete(region);
  };
}

/** An IPv4 address as a number; 0 when the container has none. */
function addressIn(network: string, { networks }: Container): number {
  return (networks[network] ?? '').split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** A container that is already connected, or disconnected, is no failure. */
async function unlessDone(call: Promise<unknown>): Promise<void> {
  await call.catch((error: AppError) => {
    if (!/already exists in network|is not connected to/.test(`${error.message} ${error.details}`)) throw error;
  });
}
