/** Alerts about readings that never came: for an hour, when more of a region are unaccounted for than before. */
import type { LossAlert } from '../../fleet/fleet-events.js';
import type { FleetSummary, RegionView } from '../../fleet/fleet-view.js';
import { FiringAlerts } from './firing-alerts.js';

/** Readings that are on their way lower the number within this time. */
const SETTLED_AFTER_MS = 10_000;
const FIRES_FOR_MS = 3_600_000;

interface Watched {
  /** The number that is no news. */
  known: number;
  /** When it was exceeded. */
  since?: number;
}

export class LossAlerts extends FiringAlerts<LossAlert> {
  readonly #watched = new Map<string, Watched>();
  #hasBegun = false;

  update({ time: at, regions }: FleetSummary): LossAlert[] {
    const missing = regions.filter((region) => this.#isMissing(region, at));
    const found = missing.map(({ region, unaccounted }) => {
      const count = unaccounted - this.#knownOf(region);
      const readings = count === 1 ? '1 reading' : `${count} readings`;
      const text = `at most ${readings} from ${region} never came: their sensors were replaced, restarted or stopped before they could deliver them, or are gone`;
      return lossAlert({ region, count, firing: true, at, text });
    });
    this.#hasBegun = true;
    const forgotten = this.firing.filter((alert) => !regions.some(({ region }) => region === alert.region));
    return this.news([...found, ...forgotten], ({ region }) => {
      const unaccounted = regions.find((view) => view.region === region)?.unaccounted ?? 0;
      const count = unaccounted - this.#knownOf(region);
      this.#watched.set(region, { known: unaccounted });
      const text =
        count === 0
          ? `the missing readings from ${region} have come`
          : `readings from ${region} are still missing; \`wasm-sensors status\` counts them`;
      return lossAlert({ region, count, firing: false, at, text });
    });
  }

  override restore(firing: LossAlert[]): void {
    super.restore(firing);
    this.#watched.clear();
    this.#hasBegun = false;
  }

  #knownOf(region: string): number {
    return this.#watched.get(region)?.known ?? 0;
  }

  /** Whether more are missing than before, for so long that it is news, and not for longer than that. */
  #isMissing({ region, unaccounted }: RegionView, time: number): boolean {
    const watched = this.#watched.get(region) ?? this.#watch(region, unaccounted);
    if (unaccounted <= watched.known) {
      this.#watched.set(region, { known: unaccounted });
      return false;
    }
    watched.since ??= time;
    this.#watched.set(region, watched);
    const fired = time - watched.since - SETTLED_AFTER_MS;
    return fired >= 0 && fired < FIRES_FOR_MS;
  }

  #watch(region: string, unaccounted: number): Watched {
    if (this.#hasBegun) return { known: 0 };
    const restored = this.firing.find((alert) => alert.region === region);
    // What the store has from before the start is no news.
    if (!restored) return { known: unaccounted };
    return { known: unaccounted - restored.count, since: restored.at - SETTLED_AFTER_MS };
  }
}

const lossAlert = (facts: Omit<LossAlert, 'event' | 'type' | 'rule'>): LossAlert => ({
  event: 'alert',
  type: 'readings.unaccounted',
  rule: 'every reading comes',
  ...facts,
});
