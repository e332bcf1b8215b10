/**
 * Starts sensors again where Bacalhau does not. It replaces an execution that it lost with its node about 15 s after
 * the node is back; but a node that has lost two executions of one job version gets no third (it "already executed
 * this job more than once"). A new version of the job cures that. Bacalhau 1.7 leaves executions alone.
 */
import { waitFor } from '../../lib/backoff.js';
import type { BacalhauClient } from '../bacalhau/client.js';
import { toExecution, toNode } from '../bacalhau/facts.js';
import type { RawJob } from '../bacalhau/schemas.js';
import { isOurs, isOver, startAgain } from '../bacalhau/submit.js';
import type { NetworkEvent } from '../runner.js';

/** A node that was away for long tries again with pauses of up to 80 s. */
const RECONNECT_MS = 200_000;
/** Bacalhau's own remedy, and some more. */
const OWN_REMEDY_MS = 22_000;
const LOOK_EVERY_MS = 2000;

export interface HealingDeps {
  client: BacalhauClient;
  stateDir: string;
  emit(event: NetworkEvent): void;
}

export class Healing {
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly deps: HealingDeps) {}

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
    const options = { everyMs: LOOK_EVERY_MS, signal };
    const { client, stateDir, emit } = this.deps;
    const back = await waitFor(async () => (await this.allConnected(nodes)) || undefined, {
      ...options,
      timeoutMs: RECONNECT_MS,
    });
    if (!back) return;
    let idle: Idle[] = [];
    const look = async () => {
      idle = await this.idle(region, nodes);
      return idle.length === 0 ? true : undefined;
    };
    if (await waitFor(look, { ...options, timeoutMs: OWN_REMEDY_MS })) return;
    for (const { job, on } of idle) {
      signal.throwIfAborted();
      // It may have been stopped since the last look.
      const current = (await client.jobs()).find(({ ID }) => ID === job.ID);
      if (!current || isOver(current)) continue;
      await startAgain(job, { client, stateDir });
      emit({ type: 'network.note', text: `${job.Name} was started again: Bacalhau had given up on ${on.join(', ')}` });
    }
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
