/** The network's settings, the ports of its services, its way to the proxy, and its nodes. */
import { networkKinds } from '../../config/setting-schemas.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import { portInUse, probePort } from '../../lib/net/choose-port.js';
import type { HostedWish } from '../../lib/net/choose-service-ports.js';
import { findPortHolder } from '../../lib/net/find-port-holder.js';
import { nodesByRegion, unschedulableNodes } from '../../network/edge-nodes.js';
import type { NodeInfo } from '../../network/network.js';
import { servicePorts } from '../../runtime/services.js';
import { openSession } from '../../runtime/session.js';
import { stateDirOfChild } from '../../runtime/up-children.js';
import { type Finding, findingOf, notNeeded, ok, type Part, problem, skipped } from '../check.js';

/** Whether the settings are complete and don't contradict each other, and no other network is in the way. */
export const networkSettings: Part = ({ provider, needsError, state, up }) => {
  const { kind } = provider;
  if (needsError) return [findingOf(needsError)];
  const found = ok(`${kind}: ${networkKinds.get(kind)?.summary}`);
  if (!state?.alive || up) return found;
  const why = `the ${state.kind} network runs in this folder, and \`up --network ${kind}\` is refused meanwhile`;
  return [...found, problem('warning', why, 'Stop it with `wasm-sensors down`, or use another folder.')];
};

export const ports: Part = async ({ up, settings, needs }) => {
  if (up) return skipped('`up` runs and has its ports');
  const services = needs?.servicesInside ? [] : Object.values(servicePorts(settings));
  const wishes = [...services, ...(needs?.ports ?? [])].filter(({ port }) => port !== 0);
  const found = await Promise.all(wishes.map(async (wish) => ({ wish, finding: await findBusy(wish) })));
  const busy = found.flatMap(({ finding }) => finding ?? []);
  const free = found.flatMap(({ wish, finding }) => (finding ? [] : wish.port));
  const taken = busy.flatMap(({ status, why }) => (status === 'ok' ? why : []));
  return [
    ...(free.length > 0 ? ok(`${free.length > 1 ? 'ports' : 'port'} ${free.join(', ')} free`) : []),
    // Default ports move, so nobody has to do anything.
    ...(taken.length > 0 ? ok(`\`up\` takes others instead of ${taken.join(', ')}`) : []),
    ...busy.filter(({ status }) => status !== 'ok'),
  ];
};

/** Undefined for a free port. */
async function findBusy({
  port,
  host = '127.0.0.1',
  explicit,
  purpose,
  flag,
}: HostedWish): Promise<Finding | undefined> {
  try {
    if ((await probePort(port, host)) !== undefined) return undefined;
  } catch (error) {
    return { ...findingOf(error), fix: `Use ${flag}, or another --host.` };
  }
  const holder = findPortHolder(port);
  const ours = holder && stateDirOfChild(holder.pid);
  const by = ours === undefined ? holder && `${holder.name}, pid ${holder.pid}` : `the network in ${ours}`;
  if (!explicit) return { status: 'ok', why: by === undefined ? String(port) : `${port} (${by})` };
  const stop = ours === undefined ? 'stop the program that has it' : `stop that network (\`wasm-sensors down\` there)`;
  const { why, ...failure } = findingOf(portInUse(port, host, purpose, flag));
  return {
    ...failure,
    why: by === undefined ? why : `${why} (${by})`,
    fix: `Use another one with ${flag}, or ${stop}.`,
  };
}

/** Whether nodes on other machines can reach the proxy, as far as that can be seen from here. */
export const proxyUrl: Part = (context) => {
  const { settings, needs, up } = context;
  if (!needs?.requireProxy) return notNeeded(context);
  const { host, proxyPort, proxyUrl: given } = settings.values;
  const url = given ?? up?.endpoints.proxy ?? `http://${host}:${proxyPort}`;
  needs.requireProxy(url);
  // A tunnel or a reverse proxy on this machine may well lead to loopback.
  if (given === undefined || !isLoopback(host)) return ok(`nodes reach the proxy at ${url}`);
  const why = `${url} must lead to ${host}:${proxyPort}, which only this machine reaches`;
  const fix = 'Keep a tunnel or reverse proxy there, or listen for other machines with --host 0.0.0.0.';
  return [problem('warning', why, fix)];
};

/** What the nodes offer: of a cluster that exists already, or of the `up` that runs here. */
export const nodes: Part = async (context) => {
  const { needs, up, settings, scratch } = context;
  if (up?.phase === 'ready') return judgeNodes(await (await openSession(settings.values).network()).nodes());
  const { client, clusterUrl } = needs?.bacalhau ?? {};
  // One that does not answer is a failure of the part before.
  const found =
    clusterUrl === undefined
      ? undefined
      : await client?.(scratch)
          .nodes()
          .catch(() => undefined);
  return found ? judgeNodes(found) : notNeeded(context);
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
  return problem('warning', why, `If you cut it: \`wasm-sensors region reconnect ${region}\`. Else check the nodes.`);
}
