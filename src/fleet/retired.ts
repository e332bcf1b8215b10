/** What sensors that are forgotten have counted: what was received, late or lost stays in the totals of its region. */
import type { RegionView } from './fleet-view.js';
import { gapsOf, type Sensor } from './sensor.js';

export type RetiredCounts = Pick<RegionView, 'received' | 'duplicates' | 'late' | 'gaps' | 'last_seen'>;

/** Anybody may name a region: what more of them counted is kept under {@link OTHER_REGIONS}. */
const MAX_REGIONS = 100;
const OTHER_REGIONS = 'other';

export class Retired {
  private readonly counts = new Map<string, RetiredCounts>();

  /** Takes over the counts of a sensor of which nothing more is to be expected; `now` in Unix milliseconds. */
  add(sensor: Sensor, now: number): void {
    const { received, duplicates, late, lastSeen } = sensor;
    const counts = this.of(sensor.reading.region);
    counts.received += received;
    counts.duplicates += duplicates;
    counts.late += late;
    counts.gaps += gapsOf(sensor, now);
    counts.last_seen = Math.max(counts.last_seen, lastSeen);
  }

  [Symbol.iterator](): Iterator<[string, RetiredCounts]> {
    return this.counts[Symbol.iterator]();
  }

  dump(): Record<string, RetiredCounts> {
    return Object.fromEntries(this.counts);
  }

  load(dump: Record<string, RetiredCounts>): void {
    for (const [region, counts] of Object.entries(dump)) this.counts.set(region, counts);
  }

  private of(region: string): RetiredCounts {
    const name = this.counts.has(region) || this.counts.size < MAX_REGIONS ? region : OTHER_REGIONS;
    let counts = this.counts.get(name);
    if (!counts) this.counts.set(name, (counts = { received: 0, duplicates: 0, late: 0, gaps: 0, last_seen: 0 }));
    return counts;
  }
}
