/** All of a region's links: its nodes' way to the orchestrator and its sensors' way to the proxy. */
import { AppError } from '../../core/errors.js';
import { Relay, type RelayTarget } from './relay.js';

/** Below what systems use for outgoing connections, so that a closed port is not taken meanwhile. */
const FIRST_PORT = 24_220;
const LAST_PORT = 32_000;

interface RegionLink {
  toOrchestrator: Relay;
  /** Missing where the proxy is elsewhere: its name would not match behind a relay. */
  toProxy: Relay | undefined;
}

export class RegionLinks {
  private readonly links = new Map<string, RegionLink>();
  private nextPort = FIRST_PORT;

  /** Opens the links of these regions. */
  async open(regions: readonly string[], orchestrator: RelayTarget, proxyUrl: string): Promise<void> {
    const proxy = relayable(proxyUrl);
    for (const region of regions) {
      const toOrchestrator = await this.relayTo(orchestrator);
      this.links.set(region, { toOrchestrator, toProxy: proxy && (await this.relayTo(proxy)) });
    }
  }

  /** Where a node of the region finds the orchestrator. */
  orchestratorUrl(region: string): string {
    return `nats://127.0.0.1:${this.linkOf(region).toOrchestrator.port}`;
  }

  /** Where sensors of the region find the proxy; undefined when not through a link. */
  proxyUrl(region: string): string | undefined {
    const { toProxy } = this.linkOf(region);
    return toProxy && `http://127.0.0.1:${toProxy.port}`;
  }

  /** Cuts or restores both links at once. Rejects with `UNKNOWN_REGION`. */
  async set(region: string, connected: boolean): Promise<void> {
    const { toOrchestrator, toProxy } = this.linkOf(region);
    const relays = [toOrchestrator, ...(toProxy ? [toProxy] : [])];
    await Promise.all(relays.map((relay) => (connected ? relay.open() : relay.cut())));
  }

  async close(): Promise<void> {
    await Promise.all([...this.links.keys()].map((region) => this.set(region, false)));
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
      const opened = await relay.open(1).then(
        () => true,
        () => false,
      );
      if (opened) return relay;
    }
    throw new AppError('NO_FREE_PORT', 'system', `no free TCP port from ${FIRST_PORT} to ${LAST_PORT}`);
  }
}

/** A plain-HTTP proxy on this machine can be reached under another port; any other needs its own name. */
function relayable(proxyUrl: string): RelayTarget | undefined {
  const { protocol, hostname, port } = new URL(proxyUrl);
  if (protocol !== 'http:' || !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return undefined;
  return { host: hostname === '[::1]' ? '::1' : hostname, port: Number(port || 80) };
}
