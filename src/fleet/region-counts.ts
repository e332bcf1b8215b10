/** What the fleet view counts for each region: sensors by state, readings, gaps, colours and the rate of readings. */
import type { FleetSummary, ReadingTotals, RegionView, SensorState } from './fleet-view.js';
import type { Outstanding } from './ledger.js';
import { gapsOf, intervalOf, type SensorRecord } from './sensor-record.js';

const MAX_COLORS = 5;
/** The rate is an average over this many full seconds. */
const RATE_WINDOW_S = 5;

const SUMS = ['received', 'duplicates', 'late', 'gaps', 'dropped', 'waiting', 'unaccounted'] as const;

export const noReadings = (): ReadingTotals => ({
  received: 0,
  duplicates: 0,
  late: 0,
  gaps: 0,
  dropped: 0,
  waiting: 0,
  unaccounted: 0,
  last_seen: 0,
});

export function addReadings(sum: ReadingTotals, counts: ReadingTotals): void {
  for (const name of SUMS) sum[name] += counts[name];
  sum.last_seen = Math.max(sum.last_seen, counts.last_seen);
}

/**
 * What a sensor adds to the counts of its region. `relayedSince`: its readings may be at a relay of the region since then, and
 * count as waiting: numbers that were found missing after that, and what an ended execution has not delivered. A reading that a
 * sensor has dropped is at none.
 */
export function readingsOf(
  sensor: SensorRecord,
  { waiting, unaccounted }: Outstanding,
  now: number,
  relayedSince: number | undefined,
): ReadingTotals {
  const { received, duplicates, late, dropped = 0, lost = 0, lastSeen: last_seen, tracker } = sensor;
  const gaps = gapsOf(sensor, now);
  const counts = { received, duplicates, late, gaps, dropped, waiting, unaccounted, last_seen };
  if (relayedSince === undefined) return counts;
  const missing = Math.max(0, gaps - Math.max(tracker.missingSince(relayedSince - 1), dropped));
  const kept = Math.max(0, unaccounted - lost);
  return { ...counts, gaps: gaps - missing, unaccounted: unaccounted - kept, waiting: waiting + missing + kept };
}

/** Adds up the sensors of one region. */
export class RegionTally {
  readonly sum: RegionView;
  readonly #colors = new Map<string, number>();

  /** `rate`: readings per second now. */
  constructor(region: string, cut: boolean, rate: number) {
    this.sum = { live: 0, paused: 0, silent: 0, rate, ...noReadings(), region, cut, interval_ms: 0, colors: [] };
  }

  add(sensor: SensorRecord, state: SensorState, counts: ReadingTotals): void {
    const { sum } = this;
    if (state !== 'replaced' && state !== 'gone') sum[state]++;
    if (state === 'live' || state === 'silent') {
      sum.interval_ms = Math.min(sum.interval_ms || Number.POSITIVE_INFINITY, intervalOf(sensor));
    }
    const { color } = sensor.reading;
    if (state === 'live') this.#colors.set(color, (this.#colors.get(color) ?? 0) + 1);
    addReadings(sum, counts);
  }

  view(): RegionView {
    const colors = [...this.#colors].map(([color, sensors]) => ({ color, sensors }));
    return { ...this.sum, colors: colors.sort((a, b) => b.sensors - a.sensors).slice(0, MAX_COLORS) };
  }
}

/** Counts readings in each of the last seconds; the slot of a second is its number modulo the number of slots. */
export class RateMeter {
  readonly #seconds = new Array<number>(RATE_WINDOW_S + 1).fill(0);
  readonly #counts = new Array<number>(RATE_WINDOW_S + 1).fill(0);

  add(now: number): void {
    const second = Math.floor(now / 1000);
    const slot = second % this.#counts.length;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot]!++;
  }

  /**
   * Readings per second over the full seconds of the window, also where it began before the first reading: sensors that start
   * together send together, and a shorter window would show several times their rate.
   */
  at(now: number): number {
    const second = Math.floor(now / 1000);
    let sum = 0;
    this.#seconds.forEach((s, i) => {
      if (s < second && s >= second - RATE_WINDOW_S) sum += this.#counts[i]!;
    });
    return sum / RATE_WINDOW_S;
  }
}

/** Sorts us, eu and as first, then the other regions by name. */
export function compareRegions(a: string, b: string): number {
  const known = ['us', 'eu', 'as'];
  const rank = (region: string) => (known.includes(region) ? known.indexOf(region) : known.length);
  return rank(a) - rank(b) || a.localeCompare(b);
}

export function totalOf(regions: Iterable<RegionView>): FleetSummary['total'] {
  const total = { live: 0, paused: 0, silent: 0, rate: 0, ...noReadings() };
  for (const region of regions) {
    for (const key of ['live', 'paused', 'silent', 'rate'] as const) total[key] += region[key];
    addReadings(total, region);
  }
  return total;
}
