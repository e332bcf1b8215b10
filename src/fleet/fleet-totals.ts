/** Regions of a summary: empty ones, their order, their sum. */
import type { FleetSummary, RegionView } from './fleet-view.js';

export const zeroCounts = () => ({
  live: 0,
  paused: 0,
  silent: 0,
  rate: 0,
  received: 0,
  duplicates: 0,
  late: 0,
  gaps: 0,
  last_seen: 0,
});

/** us, eu, as first, as people name them; then the others by name. */
export function regionOrder(a: string, b: string): number {
  const known = ['us', 'eu', 'as'];
  const rank = (region: string) => (known.includes(region) ? known.indexOf(region) : known.length);
  return rank(a) - rank(b) || a.localeCompare(b);
}

export function totalOf(regions: Iterable<RegionView>): FleetSummary['total'] {
  const total = zeroCounts();
  for (const region of regions) {
    for (const key of ['live', 'paused', 'silent', 'rate', 'received', 'duplicates', 'late', 'gaps'] as const) {
      total[key] += region[key];
    }
    total.last_seen = Math.max(total.last_seen, region.last_seen);
  }
  return total;
}
