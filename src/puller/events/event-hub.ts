/** Holds the fleet view of a shard and publishes events to subscribers. */
import { Fleet } from '../../fleet/fleet.js';
import type { FleetEvent } from '../../fleet/fleet-events.js';
import { Exclusive } from '../../lib/async/exclusive.js';
import type { Delivery } from '../delivery.js';
import { EventBus, type Listener } from './event-bus.js';

export class EventHub {
  readonly fleet = new Fleet();
  /** Readings are stored and recorded in it as one: what needs the view and the store alike runs in it, too. */
  readonly storing = new Exclusive();
  readonly #bus: EventBus;

  /** `bus`: one for all shards of a puller. */
  constructor(bus = new EventBus()) {
    this.#bus = bus;
  }

  /**
   * Records what is stored. `now`: Unix milliseconds; the clock may have been set back since. `known`: of the deliveries, the
   * readings that were stored before; undefined: nobody can tell.
   */
  record(deliveries: Delivery[], now = Number.POSITIVE_INFINITY, known?: ReadonlySet<Delivery>): void {
    for (const delivery of deliveries) {
      const { reading, message, config, relay } = delivery;
      const receivedAt = Math.min(delivery.receivedAt, now);
      if (relay) this.fleet.relays.record(relay, receivedAt);
      if (!reading) {
        this.publish({ event: 'message', message, received_at: receivedAt });
        continue;
      }
      if (known?.has(delivery)) {
        this.fleet.countDuplicate(reading);
        continue;
      }
      const arrival = this.fleet.record(reading, config, receivedAt, known !== undefined);
      if (arrival === 'duplicate' || !this.#bus.isHeard) continue;
      this.publish({ event: 'reading', reading, received_at: receivedAt, late: arrival === 'late' });
    }
  }

  publish(event: FleetEvent): void {
    this.#bus.publish(event);
  }

  /** Returns a function that ends the subscription. */
  subscribe(listener: Listener): () => void {
    return this.#bus.subscribe(listener);
  }
}
