/** Adds up what the sensors of one region do and have counted. */
import { zeroCounts } from './fleet-totals.js';
import type { RegionView, SensorState } from './fleet-view.js';
import type { RetiredCounts } from './retired.js';
import { gapsOf, intervalOf, type Sensor } from './sensor.js';

const MAX_COLORS = 5;

export class RegionTally {
  private readonly sum: RegionView;
  private readonly colors = new Map<string, number>();

  /** `rate`: readings per second now. */
  constructor(region: string, cut: boolean, rate: number) {
    this.sum = { ...zeroCounts(), region, cut, rate, interval_ms: 0, colors: [] };
  }

  add(sensor: Sensor, state: SensorState, now: number): void {
    const { sum, colors } = this;
    if (state !== 'replaced' && state !== 'gone') sum[state]++;
    if (state === 'live' || state === 'silent') {
      sum.interval_ms = Math.min(sum.interval_ms || Number.POSITIVE_INFINITY, intervalOf(sensor));
    }
    const { color } = sensor.reading;
    if (state === 'live') colors.set(color, (colors.get(color) ?? 0) + 1);
    const { received, duplicates, late, lastSeen: last_seen } = sensor;
    this.addCounts({ received, duplicates, late, gaps: gapsOf(sensor, now), last_seen });
  }

  addCounts({ received, duplicates, late, gaps, last_seen }: RetiredCounts): void {
    const { sum } = this;
    sum.received += received;
    sum.duplicates += duplicates;
    sum.late += late;
    sum.gaps += gaps;
    sum.last_seen = Math.max(sum.last_seen, last_seen);
  }

  view(): RegionView {
    const colors = [...this.colors].map(([color, sensors]) => ({ color, sensors }));
    return { ...this.sum, colors: colors.sort((a, b) => b.sensors - a.sensors).slice(0, MAX_COLORS) };
  }
}
