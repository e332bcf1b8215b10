/** Cuts regions, and brings their sensors back: after a cut, and when nodes or the orchestrator were restarted. */
import type { ChildEvent } from '../../lib/process/supervisor.js';
import type { ExecutionReconciler } from '../bacalhau/execution-reconciler.js';
import { isEdgeOf } from '../edge-nodes.js';
import { REGIONS } from '../network.js';
import type { RegionLinks } from './region-links.js';
import type { NativeNodes } from './start.js';

export interface RecoveryOptions {
  links: RegionLinks;
  nodes: NativeNodes;
  reconciler: ExecutionReconciler;
  /** How long a node tries to use a broken connection, in milliseconds. */
  givesUpAfterMs: number;
}

export class RegionRecovery {
  readonly #options: RecoveryOptions;
  /** By region, in milliseconds of the monotonic clock. */
  readonly #cutAt = new Map<string, number>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** For events of the supervisor. */
  readonly onChild = (event: ChildEvent): void => {
    if (event.type !== 'child.restarted') return;
    // All nodes lose an orchestrator that exits, and it counts executions as lost when a node is back before the others.
    const regions = event.name === 'orchestrator' ? REGIONS : REGIONS.filter((name) => isEdgeOf(event.name, name));
    // A region that is cut is reconciled when its link is back.
    for (const region of regions) if (!this.#options.links.isCut(region)) this.#reconcile(region);
  };

  async setLink(region: string, connected: boolean): Promise<void> {
    const { links, reconciler } = this.#options;
    if (!connected && !links.isCut(region)) this.#cutAt.set(region, performance.now());
    await links.set(region, connected);
    if (!connected) return reconciler.end(region);
    if (links.isCut(region)) return;
    await this.#startAgain(region);
    this.#reconcile(region);
  }

  /**
   * After a long cut a node has given its connection up, and would try again only up to 80 s later. Its sensors have
   * delivered what they kept, and the orchestrator has given up their executions: nothing is lost by a new process.
   */
  async #startAgain(region: string): Promise<void> {
    const cutMs = performance.now() - (this.#cutAt.get(region) ?? performance.now());
    this.#cutAt.delete(region);
    if (cutMs >= this.#options.givesUpAfterMs) await this.#options.nodes.startAgain(region);
  }

  #reconcile(region: string): void {
    this.#options.reconciler.begin(region, this.#options.nodes.cameIn(region));
  }
}
