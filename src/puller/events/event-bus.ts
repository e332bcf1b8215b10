/** Tells everybody in this process who listens what happens. */
import type { FleetEvent } from '../../fleet/fleet-events.js';

export type Listener = (event: FleetEvent) => void;

export class EventBus {
  readonly #listeners = new Set<Listener>();

  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  publish(event: FleetEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns a function that ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
