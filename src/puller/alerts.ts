/** Alert rules over the fleet view: told once when one starts to fire, and once when it is over. */
import type { AlertEvent } from '../fleet/fleet-events.js';
import type { FleetSummary } from '../fleet/fleet-view.js';

export interface AlertRule {
  name: string;
  /** Regions for which it fires now, with what to say. */
  check(summary: FleetSummary): { region: string; text: string }[];
  /** What to say of a region for which it fires no more. */
  over(summary: FleetSummary, region: string): string;
}

/** Silence from before this puller started is only news if it is this young, in milliseconds. */
const OLD_NEWS_MS = 60_000;

/**
 * Fires when a region that was heard before has sent nothing for this long, and for two intervals of its quickest
 * sensor. `startedAt` in Unix milliseconds.
 */
export function silenceRule(seconds: number, startedAt: number): AlertRule {
  const isSilent = (time: number, region: { last_seen: number; interval_ms: number } | undefined) =>
    time - (region?.last_seen ?? 0) > Math.max(seconds * 1000, 2 * (region?.interval_ms ?? 0));
  return {
    name: `no reading for ${seconds} s`,
    over: ({ time, regions }, region) =>
      isSilent(
        time,
        regions.find((r) => r.region === region),
      )
        ? `${region} has no sensor any more that should send`
        : `${region} sends again`,
    check: ({ time, regions }) =>
      regions
        // A region whose sensors are all gone, replaced or paused is silent for a reason.
        .filter((r) => r.live + r.silent > 0 && isSilent(time, r) && r.last_seen > startedAt - OLD_NEWS_MS)
        .map((r) => ({
          region: r.region,
          text: `no reading from ${r.region} for ${Math.round((time - r.last_seen) / 1000)} s`,
        })),
  };
}

/** Remembers what fires, and gives the changes. */
export class AlertState {
  /** What each rule fires for, by region, as it was told. */
  private readonly told = new Map<AlertRule, Map<string, AlertEvent>>();

  constructor(private readonly rules: AlertRule[]) {}

  /** What fires now. */
  get firing(): AlertEvent[] {
    return [...this.told.values()].flatMap((regions) => [...regions.values()]);
  }

  update(summary: FleetSummary): AlertEvent[] {
    return this.rules.flatMap((rule) => {
      const tell = (region: string, firing: boolean, text: string): AlertEvent => ({
        ...{ event: 'alert', rule: rule.name, region, firing, text },
        at: summary.time,
      });
      const before = this.told.get(rule) ?? new Map<string, AlertEvent>();
      const found = rule.check(summary);
      const now = new Map(found.map(({ region, text }) => [region, before.get(region) ?? tell(region, true, text)]));
      this.told.set(rule, now);
      return [
        ...[...now.values()].filter(({ region }) => !before.has(region)),
        ...[...before.keys()]
          .filter((region) => !now.has(region))
          .map((region) => tell(region, false, rule.over(summary, region))),
      ];
    });
  }
}
