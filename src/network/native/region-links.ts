/** All of a region's links: its nodes' way to the orchestrator and its sensors' way to the proxy. */

import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { proxyTarget } from './proxy-target.js';
import { Relay, type RelayTarget } from './relay.js';

/** Below what systems use for outgoing connections. */
const FIRST_PORT = 24_220;
const LAST_PORT = 32_000;

/** How long sensors that get their proxy back are given, in milliseconds, before the orchestrator gets its nodes back. */
export interface Delivery {
  /** A sensor tries again every 2 to 2.5 s (`wasm/publisher/delivery.ts`), and has its answer soon after. */
  firstMs: number;
  /** Nobody has sent more than single readings for so long: all have sent what they kept. */
  quietMs: number;
  /** A proxy that takes nothing must not keep the nodes away for ever. */
  atMostMs: number;
}
const DELIVERY: Delivery = { firstMs: 3000, quietMs: 500, atMostMs: 30_000 };

interface RegionLink {
  toOrchestrator: Relay;
  /** Missing where no relay can stand in for the proxy. */
  toProxy: Relay | undefined;
  /** Where the region's sensors find the proxy; missing with the relay. */
  proxyUrl: string | undefined;
  /** What was asked for last: a restored link may be cut again before all of it is open. */
  wanted: boolean;
}

export class RegionLinks {
  private readonly links = new Map<string, RegionLink>();
  private nextPort = FIRST_PORT;

  constructor(private readonly delivery = DELIVERY) {}

  /** Opens the links of these regions. */
  async open(regions: readonly string[], orchestrator: RelayTarget, proxyUrl: string): Promise<void> {
    const proxy = proxyTarget(proxyUrl);
    for (const region of regions) {
      const toOrchestrator = await this.relayTo(orchestrator);
      const toProxy = proxy && (await this.relayTo(proxy));
      const behind = toProxy && proxy?.urlBehind(toProxy.port);
      this.links.set(region, { toOrchestrator, toProxy, proxyUrl: behind, wanted: true });
    }
  }

  /** Where a node of the region finds the orchestrator. */
  orchestratorUrl(region: string): string {
    return `nats://127.0.0.1:${this.linkOf(region).toOrchestrator.port}`;
  }

  /** Whether nodes of the region find no orchestrator now. */
  isCut(region: string): boolean {
    return !this.linkOf(region).toOrchestrator.isOpen;
  }

  /** Where sensors of the region find the proxy; undefined when not through a link. */
  proxyUrl(region: string): string | undefined {
    return this.linkOf(region).proxyUrl;
  }

  /**
   * Cuts both links at once, or restores them: first the sensors' way to the proxy, and when they have delivered what
   * they kept, the nodes' way to the orchestrator. It cancels each execution that it has given up meanwhile as soon as
   * its node is back, and what that sensor still kept would be lost. Rejects with `UNKNOWN_REGION`.
   */
  async set(region: string, connected: boolean): Promise<void> {
    const link = this.linkOf(region);
    const { toOrchestrator, toProxy } = link;
    link.wanted = connected;
    if (!connected) {
      toOrchestrator.cut();
      toProxy?.cut();
      return;
    }
    if (toOrchestrator.isOpen) return;
    if (toProxy) {
      toProxy.restore();
      await this.delivered(toProxy, link);
    }
    if (link.wanted) toOrchestrator.restore();
  }

  async close(): Promise<void> {
    for (const link of this.links.values()) link.wanted = false;
    const relays = [...this.links.values()].flatMap(({ toOrchestrator, toProxy }) => [toOrchestrator, toProxy]);
    await Promise.all(relays.map((relay) => relay?.close()));
  }

  private async delivered(toProxy: Relay, link: RegionLink): Promise<void> {
    const { firstMs, quietMs, atMostMs } = this.delivery;
    const from = Date.now() + firstMs;
    const quiet = () => (Date.now() >= Math.max(from, toProxy.bulkAt + quietMs) || !link.wanted ? true : undefined);
    await waitFor(quiet, { timeoutMs: atMostMs });
  }

  private linkOf(region: string): RegionLink {
    const link = this.links.get(region);
    if (link) return link;
    throw new AppError('UNKNOWN_REGION', 'user', `there is no region ${region}`, {
      hint: `The regions are ${[...this.links.keys()].join(', ')}.`,
    });
  }

  /** On the next port that can be had. */
  private async relayTo(target: RelayTarget): Promise<Relay> {
    while (this.nextPort < LAST_PORT) {
      const relay = new Relay(this.nextPort++, target);
      const opened = await relay.listen().then(
        () => true,
        () => false,
      );
      if (opened) return relay;
    }
    throw new AppError('NO_FREE_PORT', 'system', `no free TCP port from ${FIRST_PORT} to ${LAST_PORT}`);
  }
}
