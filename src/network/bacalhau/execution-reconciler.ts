/**
 * Starts sensors again where Bacalhau does not, or late. It replaces an execution that it lost with its node about 15 s
 * after the node is back (it collects such events; there is no setting): a job that has lost all its nodes is started
 * again at once. And a node that has lost two executions of one job version gets no third (it "already executed
 * this job more than once"). A new version of the job fixes that.
 */
import { waitFor } from '../../lib/async/backoff.js';
import { Exclusive } from '../../lib/async/exclusive.js';
import { isActive } from '../network.js';
import type { NetworkEvent } from '../provider.js';
import type { BacalhauJob } from './bacalhau-answers.js';
import type { BacalhauClient } from './bacalhau-client.js';

const TIMINGS = {
  /** A node that was away for long retries with pauses of up to 80 s. */
  reconnectMs: 200_000,
  /** Longer than Bacalhau takes to replace an execution itself. */
  bacalhauReplacesMs: 22_000,
  checkEveryMs: 2000,
};

type Idle = { job: BacalhauJob; on: string[] };

export class ExecutionReconciler {
  readonly #running = new Map<string, AbortController>();
  /** Regions may share a job, which must start again only once. */
  readonly #restarts = new Exclusive();

  constructor(
    private readonly client: BacalhauClient,
    private readonly emit: (event: NetworkEvent) => void,
    private readonly timings = TIMINGS,
  ) {}

  /** Watches the nodes of a region that come back now; a second call for the region replaces the first. */
  begin(region: string, nodes: string[]): void {
    this.end(region);
    const controller = new AbortController();
    this.#running.set(region, controller);
    // `status` reads the same nodes and jobs, and shows what fails here.
    this.#reconcile(region, nodes, controller.signal).catch(() => {});
  }

  /** Stops watching a region, or all of them. */
  end(region?: string): void {
    const ending = region === undefined ? [...this.#running.keys()] : [region];
    for (const one of ending) this.#running.get(one)?.abort();
  }

  async #reconcile(region: string, nodes: string[], signal: AbortSignal): Promise<void> {
    const { reconnectMs, bacalhauReplacesMs, checkEveryMs: everyMs } = this.timings;
    const options = { everyMs, signal };
    const back = await waitFor(async () => (await this.#allConnected(nodes)) || undefined, {
      ...options,
      timeoutMs: reconnectMs,
    });
    if (!back) return;
    const restart = (find: () => Promise<Idle[]>) =>
      this.#restarts.run(async () => {
        for (const { job, on } of await find()) {
          signal.throwIfAborted();
          await this.client.rerunJob(job.id);
          this.emit({ type: 'job.restarted', job: job.name, nodes: on });
        }
      });
    // A job of this region that runs on none of its nodes: a new version replaces nothing, and starts at once.
    await restart(async () =>
      (await this.#idle(region, nodes, true)).filter(
        ({ job, on }) => job.ref?.region === region && on.length === nodes.length,
      ),
    );
    const recovered = async () => ((await this.#idle(region, nodes)).length === 0 ? true : undefined);
    if (await waitFor(recovered, { ...options, timeoutMs: bacalhauReplacesMs })) return;
    await restart(() => this.#idle(region, nodes));
  }

  async #allConnected(names: string[]): Promise<boolean> {
    const nodes = await this.client.nodes();
    return names.every((name) => nodes.some((node) => node.name === name && node.connected));
  }

  /** What should run on these nodes for ever and does not on some. `missing`: also what never began there. */
  async #idle(region: string, nodes: string[], missing = false): Promise<Idle[]> {
    const jobs = (await this.client.jobs()).filter((job) => isActive(job) && runsOnIn(job, region));
    const found = await Promise.all(
      jobs.map(async (job) => {
        const newest = new Map((await this.client.executions(job.id)).map(({ node, state }) => [node, state]));
        const runsNot = ['failed', 'stopped', ...(missing ? [undefined] : [])];
        return { job, on: nodes.filter((node) => runsNot.includes(newest.get(node))) };
      }),
    );
    return found.filter(({ on }) => on.length > 0);
  }
}

/** Publishers and modules of the user, of this region or of all. */
const runsOnIn = ({ ref }: BacalhauJob, region: string): boolean =>
  (ref?.role === 'publisher' || ref?.role === 'module') && !ref.runOnce && [undefined, region].includes(ref.region);
