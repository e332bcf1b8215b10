/** Texts of `status`. */
import { escapeControls } from '../../lib/control-characters.js';
import { unschedulableNodes } from '../../network/edge-nodes.js';
import type { JobInfo, NodeInfo } from '../../network/network.js';
import { failedExecutions, type Status } from '../../operations/read-status.js';
import type { QueueServerState } from '../../queue/queue.js';
import type { RunState } from '../../runtime/run-state.js';
import { moduleTable, versionLines } from './deploy-text.js';
import { eventText, spanText } from './event-text.js';
import { relayLines, summaryTable } from './fleet-text.js';
import { depthText } from './queue-text.js';
import { missingLines, pullerLines } from './shards-text.js';
import { table } from './table.js';
import { countText, namesText, partsText, type Style } from './terminal-text.js';
import { endpointLines } from './up-text.js';

const NODES_SHOWN = 10;
const FAILED_SHOWN = 20;
const REPLACED_SHOWN = 5;

export const unansweredText = ({ service, reason }: Status['unanswered'][number]): string =>
  `the ${service} does not answer: ${reason}`;

/** Of a puller elsewhere only its address is known. */
type Shown = Partial<Pick<RunState, 'kind' | 'up' | 'settings'>> & { endpoints: { puller: string } };

/** The status as `-o json` shows it. */
export function statusDocument({ kind, up, endpoints }: Shown, status: Status) {
  const { fleet, unanswered: _, ...others } = status;
  const { queue: name, depth, deadLetters, queueServer: server } = status.puller;
  const queue = { name, depth, deadLetters, server };
  return { network: kind, pid: up?.pid, endpoints, ...others, ...fleet, queue };
}

type Line = [label: string, text: string | false];

export function statusText({ kind, up, endpoints, settings }: Shown, status: Status, style: Style): string {
  const { nodes, jobs = [], fleet, notices, revoked, puller } = status;
  const lines: Line[] = [
    ['nodes', !!up && (nodes ? nodesText(nodes) : 'unknown')],
    ...unschedulableNodes(nodes ?? []).map((node): Line => ['', eventText({ type: 'node.unschedulable', ...node })]),
    ['jobs', !!up && (status.jobs ? jobsText(jobs) : 'unknown')],
    ...versionLines(status.versions).map((text, i): Line => [i === 0 ? 'publisher' : '', text]),
    ...notices.map((notice): Line => ['', style.yellow(eventText(notice))]),
    ['sensors', sensorsText(status)],
    ...relayLines(fleet.summary.relays, fleet.summary.time, style).map(
      (text, i): Line => [i === 0 ? 'relays' : '', text],
    ),
    ['revoked', revoked.length > 0 && `${revoked.join(', ')}: readings are refused`],
    ...missingLines(fleet.summary.missing).map((text): Line => ['missing', style.red(text)]),
    ...pullerLines(puller, endpoints.puller, style).map((text, i): Line => [i === 0 ? 'pullers' : '', text]),
    ['queue', queueText(puller, style)],
    ...notStoredLines(status),
    ...storeProblems(puller).map((problem): Line => ['store', style.red(problem)]),
    ['clock', !!puller.clockAheadMs && style.red(eventText({ type: 'clock-stepped', byMs: puller.clockAheadMs }))],
  ];
  const failed = failedExecutions(jobs, 'newest');
  const replaced = failedExecutions(jobs, 'replaced');
  const more = failed.length - FAILED_SHOWN;
  const blocks = [
    fleet.summary.regions.length > 0
      ? summaryTable(fleet.summary, style, brokenLinks(nodes ?? []))
      : 'no readings yet: run `wasm-sensors deploy publisher`',
    moduleTable(jobs),
    failed.length > 0 && `${style.red('failed executions')}\n${executionTable(failed.slice(0, FAILED_SHOWN))}`,
    more > 0 && `  and ${more} more`,
    replaced.length > 0 && `replaced executions\n${executionTable(replaced.slice(-REPLACED_SHOWN))}`,
  ];
  return [
    ...(up ? [`network   ${kind} (up runs as pid ${up.pid})`] : []),
    ...endpointLines(endpoints, settings?.host),
    ...lines.flatMap(([label, text]) => (text ? [label.padEnd(10) + text] : [])),
    ...blocks.flatMap((block) => (block ? ['', block] : [])),
  ].join('\n');
}

/** Jobs of which the same is to be said are named together. */
function jobsText(jobs: JobInfo[]): string {
  const names = new Map<string, string[]>();
  for (const job of jobs) {
    const text = `v${job.version} ${job.state}${heldText(job)}`;
    names.set(text, [...(names.get(text) ?? []), job.name]);
  }
  return [...names].map(([text, of]) => `${of.join(', ')} ${text}`).join('; ') || 'none';
}

/** Nodes on which the newest version waits until the one before has delivered what it keeps. */
function heldText({ executions }: JobInfo): string {
  const running = new Set(executions.flatMap(({ node, state }) => (state === 'running' ? [node] : [])));
  const held = executions.filter(({ node, state }) => state === 'starting' && running.has(node));
  return held.length > 0 ? `, ${countText(held.length, 'node')} with the one before` : '';
}

function nodesText(nodes: NodeInfo[]): string {
  const missing = nodes.filter(({ connected }) => !connected).map(({ name }) => name);
  const count = `${nodes.length - missing.length}/${nodes.length} connected`;
  return missing.length > 0 ? `${count}; disconnected: ${namesText(missing, NODES_SHOWN)}` : count;
}

/**
 * Sensors that report, of the edge nodes that can run one; those that do not, by the reason that is known; and whether they
 * do what the fleet configuration asks for. A sensor counts once.
 */
function sensorsText({ fleet: { summary }, nodes, convergence }: Status): string {
  const edge = nodes?.filter(({ type, unschedulable }) => type === 'edge' && unschedulable === undefined);
  const { live } = summary.total;
  const counts = { paused: 0, cut: 0, silent: 0 };
  for (const region of summary.regions) {
    const own = edge?.filter((node) => node.region === region.region) ?? [];
    const lost = own.filter(({ connected }) => !connected).length;
    const { paused, silent } = region;
    // Behind a link that is cut, nothing tells whether what does not report is paused.
    const cut = region.cut ? Math.max(paused + silent, own.length - region.live) : Math.min(paused + silent, lost);
    counts.cut += cut;
    counts.silent += Math.max(0, silent - cut);
    counts.paused += Math.max(0, paused - Math.max(0, cut - silent));
  }
  const { sensors = 0, converged = 0 } = convergence ?? {};
  return partsText(
    // Modules may send, too: then there are more sensors than nodes.
    `${live}${edge === undefined || live > edge.length ? '' : `/${edge.length}`} reporting`,
    counts.paused > 0 && `${counts.paused} paused`,
    counts.cut > 0 && `${counts.cut} cut off`,
    counts.silent > 0 && `${counts.silent} silent`,
    sensors > 0 &&
      live + counts.paused > 0 &&
      (converged < sensors ? `${converged}/${sensors} converged` : 'converged'),
  );
}

function queueText({ depth, deadLetters = 0 }: Status['puller'], style: Style): string {
  if (!depth) return 'does not answer';
  return partsText(depthText(depth), deadLetters > 0 && style.red(countText(deadLetters, 'dead letter')));
}

/** Readings that are not in the store because they were refused, or came from a submission that is replaced. */
function notStoredLines({ proxies, puller: { deadLetteredBy = {} } }: Status): Line[] {
  const refused = sumByCode(proxies.map((proxy) => proxy.refused));
  const superseded = proxies.reduce((sum, proxy) => sum + proxy.superseded, 0);
  const dead = sumByCode([deadLetteredBy]);
  return [
    ['refused', refused && `${refused} (by the proxy)`],
    ['rejected', dead && `${dead} (by the puller: dead letters)`],
    ['dropped', superseded > 0 && `${countText(superseded, 'reading')} of superseded submissions`],
  ];
}

/** `3 BAD_FIELD, 1 NOT_JSON`, the most frequent first. */
function sumByCode(all: Record<string, number>[]): string {
  const sums: Record<string, number> = {};
  for (const [code, count] of all.flatMap(Object.entries)) sums[code] = (sums[code] ?? 0) + count;
  return Object.entries(sums)
    .sort(([, a], [, b]) => b - a)
    .map(([code, count]) => `${count} ${code}`)
    .join(', ');
}

/** What is not as it should be with the stores of puller and queue server. */
function storeProblems({ store, queueServer: server }: Status['puller']): string[] {
  const problems = store ? fileProblems(store) : [];
  if (store?.damagedRows) problems.push(`damaged rows: ${store.damagedRows}`);
  const ofQueue = server ? fileProblems(server) : [];
  if (server?.status === 'not ready') ofQueue.unshift(`takes no messages: ${escapeControls(server.reason ?? '')}`);
  if (server?.damagedMessages) ofQueue.push(`has damaged messages: ${server.damagedMessages}`);
  return [...problems, ...ofQueue.map((problem) => `of the queue ${problem}`)];
}

const fileProblems = ({ quarantined = [], writtenBack }: Pick<QueueServerState, 'quarantined' | 'writtenBack'>) => [
  ...quarantined.map((path) => `was damaged or replaced; the other one is kept as ${escapeControls(path)}`),
  ...(writtenBack
    ? [`was ${writtenBack.problem} while in use, ${spanText(writtenBack.agoMs)} ago; it is written back whole`]
    : []),
];

/** Regions with nodes that are not connected. */
function brokenLinks(nodes: NodeInfo[]): Map<string, string> {
  const lost = nodes.filter(({ connected }) => !connected).map(({ region }) => region);
  const count = (regions: string[], wanted: string) => regions.filter((region) => region === wanted).length;
  const all = nodes.map(({ region }) => region);
  return new Map(
    [...new Set(lost)].map((name) => [name, `${count(lost, name)}/${count(all, name)} nodes disconnected`]),
  );
}

const executionTable = (executions: ReturnType<typeof failedExecutions>) =>
  table(executions, [
    { head: '', of: ({ job }) => `  ${job}` },
    { head: '', of: ({ node }) => node },
    { head: '', rank: 1, least: 8, of: ({ message }) => message },
    { head: '', rank: 2, optional: true, of: ({ replacedBy }) => (replacedBy === undefined ? '' : `→ ${replacedBy}`) },
  ]).join('\n');

/** `connected`: what the link was set to. */
export const linkProgressText = (reached: number, nodes: number, connected: boolean): string =>
  `${reached}/${nodes} nodes ${connected ? 'connected' : 'disconnected'}`;

/** Of a region with a relay. */
export const relayText = (connected: boolean): string =>
  connected ? 'its relay delivers what it keeps' : 'its sensors send to their relay, which keeps their readings';
