import type { Convergence } from '../../fleet/fleet-view.js';
import { messageOf } from '../../lib/errors/app-error.js';
import type { ExecutionInfo, JobInfo, NodeInfo } from '../../network/network.js';
import { newestByNode } from '../../network/newest-executions.js';
import { unschedulableNodes } from '../../network/region-nodes.js';
import { openSession } from '../../runtime/session.js';
import type { CommandSpec } from '../command.js';
import { targetOf } from '../config-target.js';
import { summaryTable } from '../output/summary-table.js';
import { table } from '../output/text-table.js';

export const status: CommandSpec = {
  name: 'status',
  summary: 'what runs: nodes, jobs, sensors by their readings, rates, gaps and the depth of the queue',
  modes: ['text', 'json'],
  settings: ['stateDir', 'pullerUrl', 'tlsCa'],
  async action({ out, settings }) {
    const session = openSession(settings);
    const network = await session.network();
    const { proxies, jobs: knownJobs } = targetOf(session, settings);
    // An orchestrator or a proxy that does not answer must not hide what the others say.
    const silent = new Set<string>();
    const unless = (what: string) => (error: unknown) => {
      if (!silent.has(what)) out.warn(`the ${what} does not answer: ${messageOf(error)}`);
      silent.add(what);
      return undefined;
    };
    const [{ summary, sensors }, stats, nodes, jobs, convergence] = await Promise.all([
      session.fleet.snapshot(),
      session.fleet.stats(),
      network.nodes().catch(unless('network')),
      network.jobs().catch(unless('network')),
      proxies[0]!
        .state()
        .then(async (state) => session.fleet.convergence(state, {}, await knownJobs().catch(() => undefined)))
        .catch(unless('proxy')),
    ]);
    const { endpoints, kind, up } = session.state;
    const data = {
      network: kind,
      pid: up.pid,
      endpoints,
      nodes: nodes?.map(withAlias),
      jobs,
      summary,
      sensors,
      convergence,
      queue: { name: stats.queue, depth: stats.depth },
      puller: stats,
    };
    const { depth } = stats;
    out.result(data, (style) => {
      const lines = [
        `network   ${kind} (up runs as pid ${up.pid})`,
        ...Object.entries(endpoints).map(([name, url]) => `${name.padEnd(9)} ${url}`),
        `nodes     ${nodes ? nodesText(nodes) : 'not known'}`,
        ...unschedulableNodes(nodes ?? []).map((line) => `          ${line}`),
        `jobs      ${jobs ? jobs.map(jobText).join('; ') || 'none' : 'not known'}`,
        `sensors   ${sensorsText(summary.total.live, nodes, convergence)}`,
        `queue     ${depth ? `${depth.visible} waiting, ${depth.inFlight} in flight, ${depth.delayed} delayed` : 'does not answer'}`,
        '',
        summary.regions.length > 0
          ? summaryTable(summary, style, cutLinks(nodes ?? []))
          : 'no readings yet: run `wasm-sensors deploy publisher`',
      ];
      const failed = failedExecutions(jobs ?? []);
      if (failed.length > 0) lines.push('', style.red('failed executions'), table(failed.slice(0, 20)));
      const replaced = replacedExecutions(jobs ?? []);
      if (replaced.length > 0) lines.push('', 'executions that others have replaced', table(replaced.slice(-5)));
      return lines.join('\n');
    });
    return 0;
  },
};

/** `unfit` is the older name of `unschedulable`. */
const withAlias = (node: NodeInfo) =>
  node.unschedulable === undefined ? node : { ...node, unfit: node.unschedulable };

function nodesText(nodes: NodeInfo[]): string {
  const connected = nodes.filter((node) => node.connected).length;
  const missing = nodes.filter((node) => !node.connected).map(({ name }) => name);
  return `${connected}/${nodes.length} connected${missing.length > 0 ? `; disconnected: ${missing.slice(0, 10).join(', ')}` : ''}`;
}

const jobText = ({ name, version, state }: JobInfo) => `${name} v${version} ${state}`;

/** How many send, of the edge nodes there are; and whether they do what the fleet configuration asks for. */
function sensorsText(
  live: number,
  nodes: NodeInfo[] | undefined,
  convergence: Pick<Convergence, 'sensors' | 'converged'> | undefined,
): string {
  const edge = nodes?.filter(({ type, unschedulable }) => type === 'edge' && unschedulable === undefined).length;
  const sending = `${live}${edge === undefined ? '' : `/${edge}`} sensors`;
  if (!convergence || convergence.sensors === 0) return sending;
  const { sensors, converged } = convergence;
  return `${sending}, ${converged === sensors ? 'converged' : `${converged}/${sensors} converged`}`;
}

/** Regions of which nodes are not connected. */
function cutLinks(nodes: NodeInfo[]): Record<string, string> {
  // Regions are anybody's: `constructor` is one, too.
  const links: Record<string, string> = Object.create(null);
  for (const region of new Set(nodes.map((node) => node.region))) {
    const own = nodes.filter((node) => node.region === region);
    const lost = own.filter((node) => !node.connected).length;
    if (lost > 0) links[region] = `${lost}/${own.length} nodes disconnected`;
  }
  return links;
}

const rowOf = (job: JobInfo, { node, message }: ExecutionInfo) => [`  ${job.name}`, node, message];

const failedExecutions = (jobs: JobInfo[]) =>
  jobs.flatMap((job) =>
    newestByNode(job.executions)
      .newest.filter(({ state }) => state === 'failed')
      .map((execution) => rowOf(job, execution)),
  );

/** Those that ended without anybody wanting it, such as on a node that was cut off for long. */
const replacedExecutions = (jobs: JobInfo[]) =>
  jobs.flatMap((job) =>
    newestByNode(job.executions)
      .replaced.filter(({ state }) => state === 'failed')
      .map((execution) => [...rowOf(job, execution), `→ ${execution.by}`]),
  );
