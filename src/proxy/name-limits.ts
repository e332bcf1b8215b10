/**
 * Regions, hosts and sensors that readings name. Whoever may send can make up any: their number is bounded, because the
 * proxy, the fleet view, the page and alerts remember something for each. And each host has only its share of them.
 */
import { hostOf, type Message } from '../protocol/message.js';
import { hostKey } from '../protocol/names.js';
import { type Refusal, refusal } from './refusal.js';

/** What a table of the command line and the page can still show. */
export const MAX_REGIONS = 100;
/** Twice the largest fleet that this product is measured with (25,000). */
export const MAX_HOSTS = 50_000;
/** Each of them has been replaced once within an hour; the fleet view keeps about 1 KB of each. */
export const MAX_SENSORS = 100_000;
/** Its own, and the one that it moves to, or that another node with its name has. */
const MAX_REGIONS_OF_HOST = 2;
/** Those that send at a time: the publisher, and modules beside it. */
export const MAX_SENSORS_OF_HOST = 32;
/** What a host has not named for this long makes room for another of its kind. */
const REPLACE_AFTER_MS = 60_000;
/** A host that was silent for this long makes room for others. */
const FORGET_AFTER_MS = 3_600_000;

interface KnownHost {
  /** Where nodes do not report their names, sensors carry those of their executions, which are no hosts. */
  named: boolean;
  lastNamed: number;
  regions: RecentNames;
  sensors: RecentNames;
}

export class NameLimits {
  /** By key, the one that was named last at the end. */
  readonly #hosts = new Map<string, KnownHost>();
  /** How many hosts each has. */
  readonly #regions = new Map<string, number>();
  #namedHosts = 0;
  #sensors = 0;

  /**
   * Why a message is refused; undefined when what it names is known, or there is room for it. `now`: monotonic, in
   * milliseconds. `vouched`: its sender has a token. Others fill no more than half, so there is always room for these.
   */
  findProblem(message: Message, now: number, vouched: boolean): Refusal | undefined {
    const { execution_id: sensor } = message;
    // No sensor: nothing is remembered of it.
    if (typeof sensor !== 'string' || sensor === '') return undefined;
    const name = String(hostOf(message));
    const region = String(message.region || 'unknown');
    const key = hostKey(name);
    let host = this.#hosts.get(key);
    // Almost every reading names what its host has named before.
    if (!host?.regions.has(region) || !host.sensors.has(sensor)) {
      this.#forgetSilent(now);
      host = this.#hosts.get(key);
      const problem = this.#problemOf(host, { region, sensor, named: name !== sensor }, now, vouched ? 1 : 0.5);
      if (problem) return problem;
    }
    this.#remember(key, host ?? newHost(name !== sensor), { region, sensor }, now);
    return undefined;
  }

  /** `share`: the part of all places that the sender's kind may fill. */
  #problemOf(
    host: KnownHost | undefined,
    { region, sensor, named }: { region: string; sensor: string; named: boolean },
    now: number,
    share: number,
  ): Refusal | undefined {
    const isNew = { region: !host?.regions.has(region), sensor: !host?.sensors.has(sensor), host: !host && named };
    if (host && isNew.region && !host.regions.hasRoom(now)) {
      const message = `the host has named ${MAX_REGIONS_OF_HOST} other regions within a minute`;
      return refusal(422, 'TOO_MANY_REGIONS', message);
    }
    if (host && isNew.sensor && !host.sensors.hasRoom(now)) {
      return refusal(422, 'TOO_MANY_SENSORS', `${MAX_SENSORS_OF_HOST} other sensors send from this host`);
    }
    if (isNew.region && !this.#regions.has(region) && this.#regions.size >= share * MAX_REGIONS) {
      return refusal(422, 'TOO_MANY_REGIONS', `there are ${share * MAX_REGIONS} other regions already`);
    }
    if (isNew.host && this.#namedHosts >= share * MAX_HOSTS) {
      return refusal(422, 'TOO_MANY_HOSTS', `there are ${share * MAX_HOSTS} other hosts already`);
    }
    if (isNew.sensor && this.#sensors >= share * MAX_SENSORS) {
      return refusal(422, 'TOO_MANY_SENSORS', `there are ${share * MAX_SENSORS} other sensors already`);
    }
    return undefined;
  }

  #remember(key: string, host: KnownHost, { region, sensor }: { region: string; sensor: string }, now: number): void {
    if (!this.#hosts.delete(key) && host.named) this.#namedHosts++;
    this.#hosts.set(key, host);
    host.lastNamed = now;
    if (!host.regions.has(region)) this.#regions.set(region, (this.#regions.get(region) ?? 0) + 1);
    const left = host.regions.add(region, now);
    if (left !== undefined) this.#leave(left);
    this.#sensors -= host.sensors.size;
    host.sensors.add(sensor, now);
    this.#sensors += host.sensors.size;
  }

  #forgetSilent(now: number): void {
    for (const [key, { named, regions, sensors, lastNamed }] of this.#hosts) {
      if (now - lastNamed < FORGET_AFTER_MS) return;
      this.#hosts.delete(key);
      if (named) this.#namedHosts--;
      for (const region of regions.names()) this.#leave(region);
      this.#sensors -= sensors.size;
    }
  }

  #leave(region: string): void {
    const hosts = this.#regions.get(region)! - 1;
    if (hosts > 0) this.#regions.set(region, hosts);
    else this.#regions.delete(region);
  }
}

/** The names that a host has used last, one of which makes room for a new one when it is silent. */
class RecentNames {
  readonly #max: number;
  /** When each was used last, the oldest first. */
  readonly #lastNamed = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#lastNamed.size;
  }

  names(): Iterable<string> {
    return this.#lastNamed.keys();
  }

  has(name: string): boolean {
    return this.#lastNamed.has(name);
  }

  hasRoom(now: number): boolean {
    if (this.size < this.#max) return true;
    const [oldest = now] = this.#lastNamed.values();
    return now - oldest >= REPLACE_AFTER_MS;
  }

  /** Returns the name that has made room for it, if any. */
  add(name: string, now: number): string | undefined {
    this.#lastNamed.delete(name);
    this.#lastNamed.set(name, now);
    if (this.size <= this.#max) return undefined;
    const [oldest] = this.#lastNamed.keys();
    this.#lastNamed.delete(oldest!);
    return oldest;
  }
}

const newHost = (named: boolean): KnownHost => ({
  named,
  lastNamed: 0,
  regions: new RecentNames(MAX_REGIONS_OF_HOST),
  sensors: new RecentNames(MAX_SENSORS_OF_HOST),
});
