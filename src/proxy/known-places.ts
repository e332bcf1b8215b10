/**
 * Regions, hosts and sensors that readings name. Anybody who may send can name any: their number is bounded, because the
 * proxy, the fleet view, the page and alerts remember something for each.
 */
import type { Message } from '../protocol/message.js';
import { type Refusal, refusal } from './refusal.js';

/** What a table of the command line and the page can still show. */
export const MAX_REGIONS = 100;
/** Twice the largest fleet that this product is measured with (25,000). */
export const MAX_HOSTS = 50_000;
/** Each of them has been replaced once within an hour; the fleet view keeps about 1 KB of each. */
export const MAX_SENSORS = 100_000;
/** What was not named for this long makes room for others. */
const FORGET_AFTER_MS = 3_600_000;

export class KnownPlaces {
  readonly #regions = new KnownNames(MAX_REGIONS);
  readonly #hosts = new KnownNames(MAX_HOSTS);
  readonly #sensors = new KnownNames(MAX_SENSORS);

  /** Why a message is refused; undefined when what it names is known, or there is room for it. `now`: Unix milliseconds. */
  findProblem({ region, hostname, execution_id }: Message, now: number): Refusal | undefined {
    if (typeof region === 'string' && !this.#regions.admit(region, now)) {
      return refusal(422, 'TOO_MANY_REGIONS', `there are ${MAX_REGIONS} other regions already`);
    }
    // Where nodes do not report their names, sensors carry those of their executions.
    const isHost = typeof hostname === 'string' && hostname !== execution_id;
    if (isHost && !this.#hosts.admit(hostname, now)) {
      return refusal(422, 'TOO_MANY_HOSTS', `there are ${MAX_HOSTS} other hosts already`);
    }
    if (typeof execution_id === 'string' && !this.#sensors.admit(execution_id, now)) {
      return refusal(422, 'TOO_MANY_SENSORS', `there are ${MAX_SENSORS} other sensors already`);
    }
    return undefined;
  }
}

class KnownNames {
  readonly #max: number;
  /** When each was named last, the oldest first. */
  readonly #lastNamed = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  admit(name: string, now: number): boolean {
    if (!this.#lastNamed.delete(name) && this.#lastNamed.size >= this.#max) {
      const [oldest, at] = this.#lastNamed.entries().next().value!;
      if (now - at < FORGET_AFTER_MS) return false;
      this.#lastNamed.delete(oldest);
    }
    this.#lastNamed.set(name, now);
    return true;
  }
}
