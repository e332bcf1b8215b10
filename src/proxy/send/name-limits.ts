/**
 * Regions, hosts and sensors that readings name. Whoever may send can make up any: their number is bounded, because the
 * proxy, the fleet view, the page and alerts remember something for each. And each host has only its share of them.
 */
import { hostOf, type Message } from '../../protocol/message.js';
import { hostKey } from '../../protocol/names.js';
import { type Refusal, refusal } from '../refusal.js';

/** What a table of the command line and the page can still show. */
export const MAX_REGIONS = 100;
/** For each shard. Twice the largest fleet that one view is measured with (25,000). */
export const MAX_HOSTS = 50_000;
/** For each shard. Each of them has been replaced once within an hour; the fleet view of a shard keeps about 1 KB of each. */
export const MAX_SENSORS = 100_000;
/** Its own, and the one that it moves to, or that another node with its name has. */
const MAX_REGIONS_OF_HOST = 2;
/** Those that send at a time: the publisher, and modules beside it. */
export const MAX_SENSORS_OF_HOST = 32;
/** What a host has not named for this long makes room for another of its kind. */
const REPLACE_AFTER_MS = 60_000;
/** A host that was silent for this long makes room for others. */
const FORGET_AFTER_MS = 3_600_000;

/** When each name was used last, the oldest first; milliseconds. */
type LastNamed = Map<string, number>;

interface KnownHost {
  /** Where nodes do not report their names, sensors carry those of their executions, which are no hosts. */
  named: boolean;
  lastNamed: number;
  regions: LastNamed;
  sensors: LastNamed;
}

export class NameLimits {
  /** By key, the one that was named last at the end. */
  readonly #hosts = new Map<string, KnownHost>();
  /** How many hosts each has, and sensors on them. */
  readonly #regions = new Map<string, { hosts: number; sensors: number }>();
  readonly #hostOf = new Map<string, string>();
  readonly #most: { hosts: number; sensors: number };
  #namedHosts = 0;

  /** `shards`: how many views of a fleet there are. */
  constructor(shards = 1) {
    this.#most = { hosts: shards * MAX_HOSTS, sensors: shards * MAX_SENSORS };
  }

  /**
   * Why a message is refused; undefined when what it names is known, or there is room for it. `now`: monotonic, in
   * milliseconds. `vouched`: its sender has a token. Others fill no more than half, so there is always room for these.
   * `relay`: the region of the relay that sends; such a region fills no more than half, too.
   */
  findProblem(message: Message, now: number, vouched: boolean, relay?: string): Refusal | undefined {
    const { execution_id: sensor } = message;
    const name = String(hostOf(message));
    const key = hostKey(name);
    let host = this.#hosts.get(key);
    if (relay !== undefined && host && !host.regions.has(relay)) {
      this.#forgetSilent(now);
      host = this.#hosts.get(key);
      if (host) return refusal('WRONG_HOST', `the host ${name} has named other regions, and not ${relay}`);
    }
    // No sensor: nothing is remembered of it.
    if (typeof sensor !== 'string' || sensor === '') return undefined;
    const region = String(message.region || 'unknown');
    // Almost every reading names what its host has named before.
    const isNew = !host?.regions.has(region) || !host.sensors.has(sensor);
    if (isNew || !host) {
      this.#forgetSilent(now);
      host = this.#hosts.get(key) ?? {
        named: name !== sensor,
        lastNamed: now,
        regions: new Map(),
        sensors: new Map(),
      };
      const names = { key, region, sensor };
      const problem = this.#problemOf(host, names, now, vouched ? 1 : 0.5, relay !== undefined);
      if (problem) return problem;
      this.#count(host, -1);
    }
    if (!this.#hosts.delete(key) && host.named) this.#namedHosts++;
    this.#hosts.set(key, host);
    host.lastNamed = now;
    use(host.regions, region, now, MAX_REGIONS_OF_HOST);
    this.#hostOf.set(sensor, key);
    const replaced = use(host.sensors, sensor, now, MAX_SENSORS_OF_HOST);
    if (replaced !== undefined) this.#hostOf.delete(replaced);
    if (isNew) this.#count(host, 1);
    return undefined;
  }

  /**
   * `share`: the part of all places that the sender's kind may fill. `relayed`: a relay sends it, which names for its region at
   * most half of what there can be.
   */
  #problemOf(
    { named, regions, sensors }: KnownHost,
    { key, region, sensor }: Record<'key' | 'region' | 'sensor', string>,
    now: number,
    share: number,
    relayed: boolean,
  ): Refusal | undefined {
    const { hosts: maxHosts, sensors: maxSensors } = this.#most;
    const known = this.#regions.get(region);
    const isNewHost = named && !this.#hosts.has(key);
    const isNewSensor = !sensors.has(sensor);
    // Else its readings could take the place of those of the other host, as the same ones that come again.
    if ((this.#hostOf.get(sensor) ?? key) !== key) return refusal('WRONG_HOST', 'another host sends as this execution');
    if (!hasRoom(regions, region, now, MAX_REGIONS_OF_HOST))
      return refusal('TOO_MANY_REGIONS', `the host has named ${MAX_REGIONS_OF_HOST} other regions within a minute`);
    if (!hasRoom(sensors, sensor, now, MAX_SENSORS_OF_HOST))
      return refusal('TOO_MANY_SENSORS', `${MAX_SENSORS_OF_HOST} other sensors send from this host`);
    if (!known && this.#regions.size >= share * MAX_REGIONS) return full('REGIONS', 'there are', share * MAX_REGIONS);
    if (isNewHost && this.#namedHosts >= share * maxHosts) return full('HOSTS', 'there are', share * maxHosts);
    if (isNewSensor && this.#hostOf.size >= share * maxSensors) return full('SENSORS', 'there are', share * maxSensors);
    if (!relayed || !known) return undefined;
    if (isNewHost && known.hosts >= maxHosts / 2) return full('HOSTS', 'the region has', maxHosts / 2);
    if (isNewSensor && known.sensors >= maxSensors / 2) return full('SENSORS', 'the region has', maxSensors / 2);
    return undefined;
  }

  #forgetSilent(now: number): void {
    for (const [key, host] of this.#hosts) {
      if (now - host.lastNamed < FORGET_AFTER_MS) return;
      this.#hosts.delete(key);
      if (host.named) this.#namedHosts--;
      this.#count(host, -1);
      for (const sensor of host.sensors.keys()) this.#hostOf.delete(sensor);
    }
  }

  /** In the regions that a host has named: 1 adds it with its sensors, -1 takes it out. */
  #count({ regions, sensors }: KnownHost, by: 1 | -1): void {
    for (const region of regions.keys()) {
      const known = this.#regions.get(region) ?? { hosts: 0, sensors: 0 };
      known.hosts += by;
      known.sensors += by * sensors.size;
      if (known.hosts > 0) this.#regions.set(region, known);
      else this.#regions.delete(region);
    }
  }
}

const full = (what: 'REGIONS' | 'HOSTS' | 'SENSORS', where: string, max: number): Refusal =>
  refusal(`TOO_MANY_${what}`, `${where} ${max} other ${what.toLowerCase()} already`);

/** Whether a name is known, or another one makes room for it, because it was not used for a while. */
function hasRoom(known: LastNamed, name: string, now: number, max: number): boolean {
  if (known.has(name) || known.size < max) return true;
  const [oldest = now] = known.values();
  return now - oldest >= REPLACE_AFTER_MS;
}

/** Returns the name that has made room for it, if any. */
function use(known: LastNamed, name: string, now: number, max: number): string | undefined {
  if (known.size === 1 && known.has(name)) return void known.set(name, now);
  known.delete(name);
  known.set(name, now);
  if (known.size <= max) return undefined;
  const [oldest] = known.keys();
  known.delete(oldest!);
  return oldest;
}
