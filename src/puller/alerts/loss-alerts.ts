/** Alerts about readings that never came: for an hour, when more of a region are unaccounted for than before. */
import type { LossAlert } from '../../fleet/fleet-events.js';
import type { FleetSummary, RegionView } from '../../fleet/fleet-view.js';

/** Readings that are on their way lower the number within this time. */
const SETTLED_AFTER_MS = 10_000;
const FIRES_FOR_MS = 3_600_000;

interface Watched {
  /** The number that is no news. */
  known: number;
  /** When it was exceeded. */
  since?: number;
  alert?: LossAlert;
}

export class LossAlerts {
  readonly #regions = new Map<string, Watched>();
  #hasBegun = false;

  /** Those that fire now. */
  get firing(): LossAlert[] {
    return Array.from(this.#regions.values()).flatMap(({ alert }) => alert ?? []);
  }

  /** Returns the alerts that begin or end with this summary. */
  update({ time, regions }: FleetSummary): LossAlert[] {
    const alerts = regions.flatMap((region) => {
      // What the store has from before the start is no news.
      const watched = this.#regions.get(region.region) ?? { known: this.#hasBegun ? 0 : region.unaccounted };
      this.#regions.set(region.region, watched);
      return (watched.alert ? this.#end(watched, region, time) : this.#begin(watched, region, time)) ?? [];
    });
    this.#hasBegun = true;
    return alerts;
  }

  #begin(watched: Watched, { region, unaccounted }: RegionView, time: number): LossAlert | undefined {
    if (unaccounted <= watched.known) {
      this.#regions.set(region, { known: unaccounted });
      return undefined;
    }
    watched.since ??= time;
    if (time - watched.since < SETTLED_AFTER_MS) return undefined;
    const count = unaccounted - watched.known;
    const text = `at most ${count} readings from ${region} never came: their sensors were replaced, restarted or stopped before they could deliver them, or are gone`;
    watched.alert = lossAlert({ region, count, firing: true, at: time, text });
    return watched.alert;
  }

  #end({ known, alert }: Watched, { region, unaccounted }: RegionView, time: number): LossAlert | undefined {
    const haveCome = unaccounted <= known;
    if (!haveCome && time - (alert?.at ?? 0) < FIRES_FOR_MS) return undefined;
    this.#regions.set(region, { known: unaccounted });
    const text = haveCome
      ? `the missing readings from ${region} have come`
      : `readings from ${region} are still missing; \`wasm-sensors status\` counts them`;
    return lossAlert({ region, count: Math.max(0, unaccounted - known), firing: false, at: time, text });
  }
}

const lossAlert = (facts: Omit<LossAlert, 'event' | 'type' | 'rule'>): LossAlert => ({
  event: 'alert',
  type: 'readings.unaccounted',
  rule: 'every reading comes',
  ...facts,
});
