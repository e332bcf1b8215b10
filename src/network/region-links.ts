/** All of a region's links: its nodes' way to the orchestrator and its sensors' way to the proxy. */
import { waitFor } from '../lib/async/backoff.js';
import { AppError } from '../lib/errors/app-error.js';
import { type Link, type LinkTarget, openLink, proxyTarget } from './link.js';
import { REGIONS } from './network.js';

/** How long sensors have to deliver to their proxy, in milliseconds, before the orchestrator gets its nodes back. */
const DELIVERY = {
  /** A sensor tries again every 2 to 2.5 s (`wasm/sdk/delivery.ts`), and has its answer soon after. */
  firstMs: 3000,
  /** After this long with single readings only, all have sent what they kept. */
  quietMs: 500,
  /** The nodes do not wait longer for a proxy that accepts nothing. */
  atMostMs: 30_000,
};

/** Where sensors deliver to a relay, there is nothing to wait for. */
export const RELAYED: typeof DELIVERY = { firstMs: 0, quietMs: 0, atMostMs: 0 };

interface RegionLink {
  /** Undefined where nodes need none. */
  toOrchestrator: Link | undefined;
  /** Undefined where sensors can't reach the proxy through a link. */
  toProxy: Link | undefined;
  /** Where the region's sensors find the proxy: through that link, where there is one. */
  proxyUrl: string;
  /** The last request: a restored link may be cut again before all of it is open. */
  wanted: boolean;
}

export class RegionLinks {
  readonly #links = new Map<string, RegionLink>();

  constructor(private readonly delivery = DELIVERY) {}

  /** Whether links lead to the proxy, too. */
  async open(proxyUrl: string, orchestrator?: LinkTarget): Promise<boolean> {
    const proxy = proxyTarget(proxyUrl);
    for (const region of REGIONS) {
      const toOrchestrator = orchestrator && (await openLink(orchestrator));
      const toProxy = proxy && (await openLink(proxy));
      const behind = (toProxy && proxy?.urlBehind(toProxy.port)) ?? proxyUrl;
      this.#links.set(region, { toOrchestrator, toProxy, proxyUrl: behind, wanted: true });
    }
    return proxy !== undefined;
  }

  /** Where a node of the region finds the orchestrator. */
  orchestratorUrl(region: string): string {
    return `nats://127.0.0.1:${this.#linkOf(region).toOrchestrator?.port}`;
  }

  /** Whether nodes of the region find no orchestrator now. */
  isCut(region: string): boolean {
    return !this.#linkOf(region).toOrchestrator?.isOpen;
  }

  /** Where sensors of the region find the proxy. */
  proxyUrl(region: string): string {
    return this.#linkOf(region).proxyUrl;
  }

  /**
   * Cuts both links at once, or restores them: first the sensors' way to the proxy, and when they have delivered what
   * they kept, the nodes' way to the orchestrator. As soon as a node is back, the orchestrator cancels executions that
   * it has given up, and readings that their sensors still keep would be lost. Rejects with `NO_SUCH_REGION`.
   */
  async set(region: string, connected: boolean): Promise<void> {
    const link = this.#linkOf(region);
    const { toOrchestrator, toProxy } = link;
    link.wanted = connected;
    if (!connected) {
      toOrchestrator?.cut();
      toProxy?.cut();
      return;
    }
    if (toOrchestrator?.isOpen) return;
    if (toProxy) {
      toProxy.restore();
      await this.#delivered(toProxy, link);
    }
    if (link.wanted) toOrchestrator?.restore();
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.wanted = false;
    const all = [...this.#links.values()].flatMap(({ toOrchestrator, toProxy }) => [toOrchestrator, toProxy]);
    await Promise.all(all.map((link) => link?.close()));
  }

  async #delivered(toProxy: Link, link: RegionLink): Promise<void> {
    const { firstMs, quietMs, atMostMs } = this.delivery;
    const from = Date.now() + firstMs;
    const quiet = () => (Date.now() >= Math.max(from, toProxy.bulkAt + quietMs) || !link.wanted ? true : undefined);
    await waitFor(quiet, { timeoutMs: atMostMs });
  }

  #linkOf(region: string): RegionLink {
    const link = this.#links.get(region);
    if (link) return link;
    throw new AppError('NO_SUCH_REGION', `there is no region ${region}`, {
      hint: `The regions are ${[...this.#links.keys()].join(', ')}.`,
    });
  }
}
