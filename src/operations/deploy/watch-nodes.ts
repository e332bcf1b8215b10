/** The nodes and executions of a deployment, for as long as its sensors are waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../lib/errors/app-error.js';
import { type ExecutionInfo, type Network, type NodeInfo, newestByNode } from '../../network/network.js';

const ASK_MS = 1500;
/** The pause after a question for the executions is this many times as long as the answer took. */
const ASK_SHARE = 10;

/** Rejects as soon as an execution of these jobs has ended on a connected node; reports the nodes on the way. */
export async function watchNodes(
  network: Network,
  { jobIds, mayComplete }: { jobIds: string[]; mayComplete: boolean },
  signal: AbortSignal,
  onNodes: (nodes: NodeInfo[]) => void,
): Promise<never> {
  for (let took = 0; ; ) {
    // Executions carry their whole job, and hundreds of them take time from the nodes that are to start them.
    await sleep(Math.max(ASK_MS, ASK_SHARE * took), undefined, { signal }).catch(() => {});
    // After the abort the outcome is not used any more.
    if (signal.aborted) return new Promise(() => {});
    const began = Date.now();
    const [all, nodes] = await Promise.all([network.jobs(), network.nodes()]).catch(() => [[], undefined] as const);
    took = Date.now() - began;
    if (nodes) onNodes(nodes);
    const jobs = all.filter(({ id }) => jobIds.includes(id));
    const there = new Set(nodes?.flatMap(({ name, connected }) => (connected ? [name] : [])));
    const ended = jobs
      .flatMap(({ executions }) => newestByNode(executions).newest)
      .filter(({ state, node }) => there.has(node) && (state === 'failed' || (state === 'completed' && !mayComplete)));
    const lost = jobs.filter(({ state }) => state === 'failed');
    if (ended.length > 0) throw deployFailed(ended.map((one) => `${one.node}: ${endText(one)}`));
    if (lost.length > 0) throw deployFailed(lost.map(({ name, message }) => `${name}: ${message}`));
  }
}

const endText = ({ state, message }: ExecutionInfo): string =>
  [...(state === 'completed' ? ['it completed'] : []), ...(message === '' ? [] : [message])].join(': ');

const deployFailed = (details: string[]) =>
  new AppError('DEPLOY_FAILED', details.length === 1 ? '1 publisher failed' : `${details.length} publishers failed`, {
    details,
  });
