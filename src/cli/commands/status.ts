import type { ExecutionInfo, JobInfo, NodeInfo } from '../../network/network.js';
import { summaryTable } from '../../ui/summary.js';
import { table } from '../../ui/table.js';
import type { CommandSpec } from '../command.js';
import { openSession } from '../session.js';

export const status: CommandSpec = {
  name: 'status',
  summary: 'what runs: nodes, jobs, sensors by their readings, rates, gaps and the depth of the queue',
  modes: ['text', 'json'],
  settings: ['stateDir', 'pullerUrl'],
  async action({ out, settings }) {
    const session = openSession(settings);
    const network = await session.network();
    const [{ summary, sensors }, stats, nodes, jobs] = await Promise.all([
      session.fleet.snapshot(),
      session.fleet.stats(),
      network.nodes(),
      network.jobs(),
    ]);
    const { endpoints, network: kind, up } = session.state;
    const failed = jobs.flatMap(({ name, executions }) =>
      executions.filter((e) => e.state === 'failed').map((e) => ({ job: name, ...e })),
    );
    const data = {
      network: kind,
      pid: up.pid,
      endpoints,
      nodes,
      jobs,
      summary,
      sensors,
      queue: { name: stats.queue, depth: stats.depth },
      puller: stats,
    };
    out.result(data, (style) => {
      const lines = [
        `network   ${kind} (up runs as pid ${up.pid})`,
        ...Object.entries(endpoints).map(([name, url]) => `${name.padEnd(9)} ${url}`),
        `nodes     ${nodesText(nodes)}`,
        `jobs      ${jobs.map(jobText).join('; ') || 'none'}`,
        `queue     ${stats.depth ? `${stats.depth.visible} waiting, ${stats.depth.inFlight} in flight, ${stats.depth.delayed} delayed` : 'does not answer'}`,
        '',
        summary.regions.length > 0
          ? summaryTable(summary, style, cutLinks(nodes))
          : 'no readings yet: run `wasm-sensors deploy publisher`',
      ];
      if (failed.length > 0) lines.push('', style.red('failed executions'), failedTable(failed));
      return lines.join('\n');
    });
    return 0;
  },
};

function nodesText(nodes: NodeInfo[]): string {
  const connected = nodes.filter((node) => node.connected).length;
  const missing = nodes.filter((node) => !node.connected).map(({ name }) => name);
  return `${connected}/${nodes.length} connected${missing.length > 0 ? `; disconnected: ${missing.slice(0, 10).join(', ')}` : ''}`;
}

const jobText = ({ name, version, state }: JobInfo) => `${name} v${version} ${state}`;

/** Regions none of whose nodes is connected. */
function cutLinks(nodes: NodeInfo[]): Record<string, string> {
  const links: Record<string, string> = {};
  for (const region of new Set(nodes.map((node) => node.region))) {
    const own = nodes.filter((node) => node.region === region);
    const lost = own.filter((node) => !node.connected).length;
    if (lost > 0) links[region] = `${lost}/${own.length} nodes disconnected`;
  }
  return links;
}

const failedTable = (failed: ({ job: string } & ExecutionInfo)[]) =>
  table(failed.slice(0, 20).map(({ job, node, message }) => [`  ${job}`, node, message]));
