/** Alert rules over the fleet view: told once when one starts to fire, and once when it is over. */
import type { AlertEvent } from '../core/events.js';
import type { FleetSummary } from '../core/fleet-view.js';

export interface AlertRule {
  name: string;
  /** Regions for which it fires now, with what to say. */
  check(summary: FleetSummary): { region: string; text: string }[];
}

/** Silence from before this puller started is only news if it is this young, in milliseconds. */
const OLD_NEWS_MS = 60_000;

/** Fires when a region that was heard before has sent nothing for this long. `startedAt` in Unix milliseconds. */
export function silenceRule(seconds: number, startedAt: number): AlertRule {
  return {
    name: `no reading for ${seconds} s`,
    check: ({ time, regions }) =>
      regions
        // A region whose sensors are all gone, replaced or paused is silent for a reason.
        .filter(
          (r) => r.live + r.silent > 0 && time - r.last_seen > seconds * 1000 && r.last_seen > startedAt - OLD_NEWS_MS,
        )
        .map((r) => ({
          region: r.region,
          text: `no reading from ${r.region} for ${Math.round((time - r.last_seen) / 1000)} s`,
        })),
  };
}

/** Remembers what fires, and gives the changes. */
export class AlertState {
  private readonly firing = new Map<string, string>();

  constructor(private readonly rules: AlertRule[]) {}

  update(summary: FleetSummary): AlertEvent[] {
    const events: AlertEvent[] = [];
    const now = new Set<string>();
    for (const rule of this.rules) {
      for (const { region, text } of rule.check(summary)) {
        const key = `${rule.name}\n${region}`;
        now.add(key);
        if (!this.firing.has(key))
          events.push({ event: 'alert', rule: rule.name, region, firing: true, text, at: summary.time });
        this.firing.set(key, region);
      }
    }
    for (const [key, region] of this.firing) {
      if (now.has(key)) continue;
      this.firing.delete(key);
      const rule = key.split('\n')[0]!;
      events.push({ event: 'alert', rule, region, firing: false, text: `${region} sends again`, at: summary.time });
    }
    return events;
  }
}
