/** Edge nodes: their names and labels, the same in every network that this program starts, and which of them can run sensors. */
import { AppError } from '../lib/errors/app-error.js';
import { type NodeInfo, REGIONS } from './network.js';

/** `edge-us-1`, `edge-eu-1`, `edge-as-1`, `edge-us-2` …: every region has its first node early. */
export function plannedEdges(nodesPerRegion: number) {
  const numbers = Array.from({ length: nodesPerRegion }, (_, index) => index + 1);
  return numbers.flatMap((number) =>
    REGIONS.map((region) => ({ name: `edge-${region}-${number}`, ...edgeLabels(region) })),
  );
}

export const isEdgeOf = (name: string, region: string): boolean => name.startsWith(`edge-${region}-`);

/** By these labels jobs find their region. */
export const edgeLabels = (region: string) => ({ region, type: 'edge' as const });

export type RegionNodes = Record<'connected' | 'disconnected', number>;

const isEdge = ({ type }: NodeInfo) => type === 'edge';

/** Edge nodes of every region, or of those wanted. Throws `NO_SUCH_REGION` or `NO_NODES`. */
export function nodesByRegion(nodes: NodeInfo[], wanted: string[] | undefined): Map<string, RegionNodes> {
  if (wanted)
    requireRegions(
      wanted,
      nodes.filter(isEdge).map(({ region }) => region),
    );
  const edge = nodes.filter((node) => isEdge(node) && node.region !== '' && node.unschedulable === undefined);
  const known = [...new Set(edge.map(({ region }) => region))];
  const found = new Map<string, RegionNodes>();
  for (const region of [...REGIONS, ...known]) {
    const own = edge.filter((node) => node.region === region);
    const connected = own.filter((node) => node.connected).length;
    if (own.length > 0 && (!wanted || wanted.includes(region)))
      found.set(region, { connected, disconnected: own.length - connected });
  }
  const empty = wanted?.filter((region) => !found.has(region)) ?? [];
  if (empty.length > 0 || found.size === 0) {
    const where = empty.length > 0 ? ` in region ${empty.join(', ')}` : '';
    throw new AppError('NO_NODES', `no edge node that can run a sensor${where}`, {
      hint: `Regions with nodes: ${known.join(', ') || 'none'}.`,
      details: unschedulableDetails(nodes),
    });
  }
  return found;
}

/** Throws `NO_SUCH_REGION` for regions that are not among `known`. */
export function requireRegions(wanted: string[], known: string[]): void {
  const names = [...new Set(known)].filter(Boolean);
  const unknown = wanted.filter((region) => !names.includes(region));
  if (unknown.length === 0) return;
  const named = unknown.map((region) => JSON.stringify(region)).join(', ');
  throw new AppError('NO_SUCH_REGION', `there is no region ${named}`, {
    hint: `The regions are ${names.join(', ') || 'not known yet'}.`,
  });
}

/** Edge nodes that no sensor can run on, with the reasons. */
export function unschedulableNodes(nodes: NodeInfo[]): { node: string; reason: string }[] {
  return nodes.flatMap((node) =>
    isEdge(node) && node.unschedulable !== undefined ? { node: node.name, reason: node.unschedulable } : [],
  );
}

/** {@link unschedulableNodes} as details of an error. */
export const unschedulableDetails = (nodes: NodeInfo[]): string[] =>
  unschedulableNodes(nodes).map(({ node, reason }) => `${node} can't run sensors: ${reason}`);

/** A network that was started without a node for service jobs; `why` completes the sentence. */
export function noServicesNode(why: string): AppError {
  return new AppError('NO_SERVICES_NODE', `this network has no node for service jobs: ${why}`, {
    hint: 'Service jobs need a node with Docker. The proxy and the puller that `up` runs go on without one.',
  });
}
