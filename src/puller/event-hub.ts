/** Holds the fleet view and tells subscribers what happens, as it happens. */

import { Fleet, type FleetDump } from '../fleet/fleet.js';
import type { FleetEvent } from '../fleet/fleet-events.js';
import type { Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import type { Delivery } from './sinks/sink.js';

export type Listener = (event: FleetEvent) => void;

export class Hub {
  readonly fleet = new Fleet();
  private readonly listeners = new Set<Listener>();

  /** Takes in what the sinks have safely taken. */
  observe(deliveries: Delivery[]): void {
    for (const { reading, message, config, receivedAt } of deliveries) {
      if (!reading) {
        this.publish({ event: 'message', message, received_at: receivedAt });
        continue;
      }
      const arrival = this.fleet.observe(reading, config, receivedAt);
      if (arrival === 'duplicate' || this.listeners.size === 0) continue;
      this.publish({ event: 'reading', reading, received_at: receivedAt, late: arrival === 'late' });
    }
  }

  /** Rebuilds the view after a restart; tells nobody. */
  restore(dump: FleetDump, after: Iterable<{ reading: Reading; config: string | null; receivedAt: number }>): void {
    this.fleet.load(dump);
    for (const { reading, config, receivedAt } of after) {
      this.fleet.observe(reading, config === null ? undefined : (JSON.parse(config) as ReportedConfig), receivedAt);
    }
  }

  publish(event: FleetEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Gives a function that ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
