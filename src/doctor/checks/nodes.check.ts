import type { NodeInfo } from '../../network/network.js';
import { nodesByRegion, unschedulableNodes } from '../../network/region-nodes.js';
import { openSession } from '../../runtime/session.js';
import { type Check, type Finding, notNeeded, ok, problem, skipped } from '../check.js';

/** What the nodes offer: of a cluster that exists already, or of the `up` that runs here. */
export const nodes: Check = {
  name: 'nodes',
  async run(context) {
    const { needs, needsError, up, settings, scratch } = context;
    if (up?.phase === 'ready') return judgeNodes(await (await openSession(settings.values).network()).nodes());
    if (needsError) return notNeeded(context);
    const cluster = needs?.bacalhau?.cluster;
    if (!cluster) return skipped('`up` starts them');
    const found = await cluster.nodes(scratch).catch(() => undefined);
    return found ? judgeNodes(found) : skipped("the cluster's API does not name them");
  },
};

/** Throws `NO_NODES`. */
function judgeNodes(found: NodeInfo[]): Finding[] {
  const regions = [...nodesByRegion(found, undefined)];
  const away = regions.filter(([, { disconnected }]) => disconnected > 0);
  const problems = [
    ...(regions.every(([, { connected }]) => connected === 0) ? [NONE_CONNECTED] : away.map(awayFinding)),
    ...unschedulableNodes(found).map(({ node, reason }) =>
      problem('warning', `${node} can't run sensors: ${reason}`, 'Change that on the node, and start it again.'),
    ),
  ];
  const shown = regions.map(([region, { connected }]) => `${region} ${connected}`).join(', ');
  return problems.length > 0 ? problems : ok(`edge nodes connected: ${shown}`);
}

const NONE_CONNECTED = problem(
  'failure',
  'no edge node is connected',
  'Start the nodes, or connect their regions again with `wasm-sensors region reconnect`.',
);

function awayFinding([region, { connected, disconnected }]: [string, { connected: number; disconnected: number }]) {
  const why = `${region}: ${disconnected} of ${connected + disconnected} nodes are disconnected`;
  return problem('warning', why, `If you cut it: \`wasm-sensors region reconnect ${region}\`. Else look at the nodes.`);
}
