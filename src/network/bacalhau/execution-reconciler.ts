/**
 * Starts sensors again where Bacalhau does not. It replaces an execution that it lost with its node about 15 s after
 * the node is back; but a node that has lost two executions of one job version gets no third (it "already executed
 * this job more than once"). A new version of the job cures that. Bacalhau 1.7 leaves executions alone.
 */
import { waitFor } from '../../lib/async/backoff.js';
import type { NetworkEvent } from '../provider.js';
import type { BacalhauClient } from './bacalhau-client.js';
import { toExecution, toNode } from './bacalhau-mapping.js';
import type { RawJob } from './bacalhau-schemas.js';
import { isOurs, isOver, startAgain } from './submit-job.js';

/** In milliseconds. */
export interface Patience {
  /** A node that was away for long tries again with pauses of up to 80 s. */
  reconnectMs: number;
  /** Bacalhau's own remedy, and some more. */
  ownRemedyMs: number;
  lookEveryMs: number;
}
const PATIENCE: Patience = { reconnectMs: 200_000, ownRemedyMs: 22_000, lookEveryMs: 2000 };

export interface ExecutionReconcilerDeps {
  client: BacalhauClient;
  stateDir: string;
  emit(event: NetworkEvent): void;
}

export class ExecutionReconciler {
  private readonly running = new Map<string, AbortController>();
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly deps: ExecutionReconcilerDeps,
    private readonly patience = PATIENCE,
  ) {}

  /** Watches over the nodes of a region that come back now; a second call for the region replaces the first. */
  begin(region: string, nodes: string[]): void {
    this.end(region);
    const controller = new AbortController();
    this.running.set(region, controller);
    // What fails here is said by `status`, which looks at the same nodes and jobs.
    this.heal(region, nodes, controller.signal).catch(() => {});
  }

  /** Leaves a region alone, or all of them. */
  end(region?: string): void {
    const ending = region === undefined ? [...this.running.keys()] : [region];
    for (const one of ending) this.running.get(one)?.abort();
  }

  private async heal(region: string, nodes: string[], signal: AbortSignal): Promise<void> {
    const { reconnectMs, ownRemedyMs, lookEveryMs: everyMs } = this.patience;
    const options = { everyMs, signal };
    const { client, stateDir, emit } = this.deps;
    const back = await waitFor(async () => (await this.allConnected(nodes)) || undefined, {
      ...options,
      timeoutMs: reconnectMs,
    });
    if (!back) return;
    const well = async () => ((await this.idle(region, nodes)).length === 0 ? true : undefined);
    if (await waitFor(well, { ...options, timeoutMs: ownRemedyMs })) return;
    await this.oneAtATime(async () => {
      for (const { job, on } of await this.idle(region, nodes)) {
        signal.throwIfAborted();
        await startAgain(job, { client, stateDir });
        emit({
          type: 'network.note',
          text: `${job.Name} was started again: Bacalhau had given up on ${on.join(', ')}`,
        });
      }
    });
  }

  /** Regions may share a job, which shall be started again once. */
  private oneAtATime(work: () => Promise<void>): Promise<void> {
    const mine = this.last.then(work);
    this.last = mine.catch(() => {});
    return mine;
  }

  private async allConnected(names: string[]): Promise<boolean> {
    const nodes = (await this.deps.client.nodes()).flatMap((node) => toNode(node) ?? []);
    return names.every((name) => nodes.some((node) => node.name === name && node.connected));
  }

  /** Publishers that shall run on these nodes and don't on some. */
  private async idle(region: string, nodes: string[]): Promise<Idle[]> {
    const { client } = this.deps;
    const names = ['publisher', `publisher-${region}`];
    const jobs = (await client.jobs()).filter((job) => isOurs(job) && !isOver(job) && names.includes(job.Name));
    const found = await Promise.all(
      jobs.map(async (job) => {
        const newest = new Map((await client.executions(job.ID)).map((one) => [one.NodeID, toExecution(one).state]));
        return { job, on: nodes.filter((node) => ['failed', 'stopped'].includes(newest.get(node) ?? '')) };
      }),
    );
    return found.filter(({ on }) => on.length > 0);
  }
}

interface Idle {
  job: RawJob;
  on: string[];
}
