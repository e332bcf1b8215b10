/** What the fleet view counts for each region: sensors by state, readings, gaps, colours and the rate of readings. */
import { boundedLabel } from '../lib/metrics/label-counts.js';
import type { FleetSummary, ReadingTotals, RegionView, SensorState } from './fleet-view.js';
import { intervalOf, type SensorRecord } from './sensor-record.js';

const MAX_COLORS = 5;
/** Of a part of the fleet: the colours of the whole are counted from them. */
const MAX_COLORS_OF_PART = 100;
/** The rate is an average over this many full seconds. */
const RATE_WINDOW_S = 5;

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
  // Written out, because it runs for every sensor every second.
  sum.received += counts.received;
  sum.duplicates += counts.duplicates;
  sum.late += counts.late;
  sum.gaps += counts.gaps;
  sum.dropped += counts.dropped;
  sum.waiting += counts.waiting;
  sum.unaccounted += counts.unaccounted;
  sum.last_seen = Math.max(sum.last_seen, counts.last_seen);
}

export class RegionTally {
  readonly sum: RegionView;
  readonly #colors = new Map<string, number>();

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
    return { ...this.sum, colors: mostFrequent(colors, MAX_COLORS_OF_PART) };
  }
}

const mostFrequent = (colors: RegionView['colors'], most: number) =>
  colors.sort((a, b) => b.sensors - a.sensors).slice(0, most);

/** The views of regions in the parts of a fleet, as one each, in the usual order. */
export function mergeRegions(parts: RegionView[][]): RegionView[] {
  const merged = new Map<string, RegionView[]>();
  for (const view of parts.flat()) {
    const region = boundedLabel(merged, view.region);
    merged.set(region, [...(merged.get(region) ?? []), view]);
  }
  return Array.from(merged, ([region, views]) => mergeRegion(region, views)).sort((a, b) =>
    compareRegions(a.region, b.region),
  );
}

function mergeRegion(region: string, views: RegionView[]): RegionView {
  const [only] = views;
  if (only && views.length === 1) return { ...only, region, colors: only.colors.slice(0, MAX_COLORS) };
  const colors = new Map<string, number>();
  for (const { color, sensors } of views.flatMap((view) => view.colors)) {
    colors.set(color, (colors.get(color) ?? 0) + sensors);
  }
  const intervals = views.map(({ interval_ms }) => interval_ms).filter((interval) => interval > 0);
  const sum = totalOf(views);
  return {
    ...sum,
    region,
    // Without what the sum of fractions adds.
    rate: Math.round(sum.rate * 1000) / 1000,
    cut: views.some(({ cut }) => cut),
    interval_ms: intervals.length === 0 ? 0 : Math.min(...intervals),
    colors: mostFrequent(
      Array.from(colors, ([color, sensors]) => ({ color, sensors })),
      MAX_COLORS,
    ),
  };
}

/** Counts readings in each of the last seconds; the slot of a second is its number modulo the number of slots. */
export class RateMeter {
  readonly #slots = Array.from({ length: RATE_WINDOW_S + 1 }, () => ({ second: 0, count: 0 }));

  add(now: number): void {
    const second = Math.floor(now / 1000);
    const slot = this.#slots[second % this.#slots.length]!;
    if (slot.second !== second) Object.assign(slot, { second, count: 0 });
    slot.count++;
  }

  /**
   * Readings per second over the full seconds of the window, also where it began before the first reading: sensors that start
   * together send together, and a shorter window would show several times their rate.
   */
  at(now: number): number {
    const before = Math.floor(now / 1000);
    const full = this.#slots.filter(({ second }) => second < before && second >= before - RATE_WINDOW_S);
    return full.reduce((sum, { count }) => sum + count, 0) / RATE_WINDOW_S;
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
