/** What the other pullers publish, for as long as somebody listens to the whole fleet here. */
import type { AlertEvent, FleetEvent } from '../../fleet/fleet-events.js';
import { EventBus, type Listener } from '../events/event-bus.js';
import { FleetClient } from '../fleet-client.js';
import type { Peer, Units } from '../shards/units.js';
import type { Peers } from './peers.js';

/** How often the list of pullers is checked. */
const CHECK_EVERY_MS = 500;

const KINDS: FleetEvent['event'][] = ['reading', 'message', 'alert'];
/** Few, and many more. */
const ALERTS: FleetEvent['event'][] = ['alert'];

export class PeerEvents {
  readonly #bus = new EventBus();
  /** How many listeners want every reading, and how many do not. */
  readonly #listeners = { all: 0, alerts: 0 };
  /** By the id of the puller. */
  readonly #streams = new Map<string, { kinds: FleetEvent['event'][]; end: AbortController }>();
  #timer: NodeJS.Timeout | undefined;

  /** `onAlert`: called before whoever listens hears of it. */
  constructor(
    private readonly units: Units,
    private readonly peers: Peers,
    private readonly onAlert: (alert: AlertEvent) => void = () => {},
  ) {}

  /** `kinds`: undefined = all. Returns a function that ends the subscription. */
  subscribe(kinds: Set<FleetEvent['event']> | undefined, listener: Listener): () => void {
    const group = kinds === undefined || kinds.has('reading') || kinds.has('message') ? 'all' : 'alerts';
    const leave = this.#bus.subscribe(listener);
    this.#listeners[group]++;
    this.#timer ??= setInterval(() => this.#check(), CHECK_EVERY_MS);
    this.#check();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      leave();
      this.#listeners[group]--;
      this.#check();
    };
  }

  #check(): void {
    const { all, alerts } = this.#listeners;
    const kinds = all > 0 ? KINDS : ALERTS;
    const wanted = new Map((all + alerts > 0 ? this.units.peers() : []).map((peer) => [peer.id, peer]));
    for (const [id, stream] of this.#streams) {
      if (stream.kinds === kinds && wanted.has(id)) continue;
      stream.end.abort();
      this.#streams.delete(id);
    }
    for (const peer of wanted.values()) {
      if (!this.#streams.has(peer.id) && !this.peers.isSilent(peer)) void this.#listen(peer, kinds);
    }
    if (wanted.size > 0 || all + alerts > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #listen({ id, url }: Peer, kinds: FleetEvent['event'][]): Promise<void> {
    const stream = { kinds, end: new AbortController() };
    this.#streams.set(id, stream);
    const client = new FleetClient(url, { token: this.units.secret, retryForMs: 0 });
    try {
      for await (const event of client.events({ kinds, own: true, signal: stream.end.signal })) {
        if (event.event === 'alert') this.onAlert(event);
        this.#bus.publish(event);
      }
    } catch {
      // It is asked again soon, if it is still there.
    }
    if (this.#streams.get(id) === stream) this.#streams.delete(id);
  }
}
