/** The relays, by what they say about themselves with their readings. Times are Unix milliseconds. */
import type { RelayReport } from '../protocol/relay.js';

export interface RelayView {
  name: string;
  region: string;
  /** Readings that it keeps. */
  backlog: number;
  /** For how long it has kept the oldest one; 0 where it keeps none. */
  oldest_ms: number;
  /** What they take of its disk, and may take. */
  bytes: number;
  max_bytes: number;
  /** Readings since its start that the proxy has refused for good. */
  refused: number;
  heard_at: number;
  /** It is not heard, and its region has silent sensors: its way upstream is cut, or it is down. */
  away: boolean;
}

/** Part of the stored checkpoint: names of fields must not change. */
export type KnownRelay = RelayReport & { heardAt: number };

/** A relay whose sensors send is heard more often. */
const AWAY_AFTER_MS = 10_000;
/** Of a region that sends in another way. */
const UNUSED_AFTER_MS = 60_000;
const FORGET_AFTER_MS = 86_400_000;
/** A report that came earlier than another one counts less only for a while: the clock of its relay may be another one now. */
const OUT_OF_ORDER_MS = 60_000;
/** Whoever may relay can make up names: of its region, or of all. Further ones are not known. */
const MAX_RELAYS = 200;
const MAX_RELAYS_OF_REGION = 16;

export class Relays {
  readonly #relays = new Map<string, KnownRelay>();

  get areKnown(): boolean {
    return this.#relays.size > 0;
  }

  record(report: RelayReport, now: number): void {
    const key = keyOf(report);
    const known = this.#relays.get(key);
    if (known && report.at < known.at && now - known.heardAt < OUT_OF_ORDER_MS) return;
    if (!known && !this.#hasRoom(report.region)) return;
    this.#relays.set(key, { ...report, heardAt: now });
  }

  #hasRoom(region: string): boolean {
    const own = this.dump().filter((relay) => relay.region === region);
    return this.#relays.size < MAX_RELAYS && own.length < MAX_RELAYS_OF_REGION;
  }

  /** `silent`: whether a region has silent sensors. */
  view(now: number, silent: (region: string) => boolean): RelayView[] {
    const views = Array.from(this.#relays.values(), (relay): RelayView => {
      const { name, region, backlog, refused, heardAt: heard_at } = relay;
      // None is fuller than full, whatever it says.
      const bytes = Math.min(relay.bytes, relay.max);
      const max_bytes = Math.max(1, relay.max);
      const oldest_ms = backlog === 0 ? 0 : relay.oldest + Math.max(0, now - heard_at);
      const away = isUnheard(relay, now) && silent(region);
      return { name, region, backlog, oldest_ms, bytes, max_bytes, refused, heard_at, away };
    });
    return views.sort((a, b) => a.region.localeCompare(b.region) || a.name.localeCompare(b.name));
  }

  /**
   * What came to a relay of the region since then may still be there; undefined: they have forwarded everything. Of one that is
   * not heard that is not known, where `isExpected` to be.
   */
  keptSince(region: string, now: number, isExpected: boolean): number | undefined {
    let since: number | undefined;
    for (const relay of this.#relays.values()) {
      if (relay.region !== region || (relay.backlog === 0 && !(isExpected && isUnheard(relay, now)))) continue;
      const own = relay.backlog === 0 ? relay.heardAt : relay.heardAt - relay.oldest;
      since = Math.min(own, since ?? own);
    }
    return since;
  }

  /** Forgets those that are not in use any more. `lastSeen`: when a reading of a region came last. */
  prune(now: number, lastSeen: (region: string) => number): void {
    for (const [key, { region, backlog, heardAt }] of this.#relays) {
      const sendsElsewhere = backlog === 0 && lastSeen(region) - heardAt > UNUSED_AFTER_MS;
      if (sendsElsewhere || now - heardAt > FORGET_AFTER_MS) this.#relays.delete(key);
    }
  }

  shiftTimes(by: number, since: number): void {
    for (const relay of this.#relays.values()) if (relay.heardAt >= since) relay.heardAt += by;
  }

  dump(): KnownRelay[] {
    return [...this.#relays.values()];
  }

  /** Also those of another part of the fleet, which heard a relay before or after this one. */
  load(relays: KnownRelay[] = []): void {
    for (const { heardAt, ...report } of relays) {
      if (heardAt > (this.#relays.get(keyOf(report))?.heardAt ?? 0)) this.record(report, heardAt);
    }
  }
}

const keyOf = ({ region, name }: RelayReport) => `${region}\n${name}`;

const isUnheard = ({ heardAt }: KnownRelay, now: number): boolean => now - heardAt > AWAY_AFTER_MS;
