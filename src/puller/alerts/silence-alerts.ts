/** The silence alert: fires once when a region stops sending, and ends once. */
import type { SilenceAlert } from '../../fleet/fleet-events.js';
import type { FleetSummary, RegionView } from '../../fleet/fleet-view.js';
import { FiringAlerts } from './firing-alerts.js';

/** A region that fell silent longer than this before the start of the puller raises no alert, in milliseconds. */
const OLD_SILENCE_MS = 60_000;

export class SilenceAlerts extends FiringAlerts<SilenceAlert> {
  #startedAt: number;

  /**
   * A region is silent after `afterSeconds` and two intervals of its fastest sensor. `startedAt`: start of the puller
   * in Unix milliseconds.
   */
  constructor(
    private readonly afterSeconds: number,
    startedAt: number,
  ) {
    super();
    this.#startedAt = startedAt;
  }

  /** The clock was set forward or back by this many milliseconds. */
  shiftTimes(by: number): void {
    this.#startedAt += by;
  }

  update({ time, regions }: FleetSummary): SilenceAlert[] {
    const silent = regions.filter((region) => this.#fires(region, time));
    const found = silent.map(({ region, last_seen }) => {
      const silent_ms = time - last_seen;
      const text = `no reading from ${region} for ${Math.round(silent_ms / 1000)} s`;
      return this.#alert({ region, firing: true, silent_ms, at: time, text });
    });
    return this.news(found, ({ region, at, silent_ms }) => {
      const view = regions.find((r) => r.region === region);
      const over = view && !this.#isSilent(view, time) ? 'reporting' : 'no-sensors';
      const text = over === 'reporting' ? `${region} is reporting again` : `${region} has no active sensors`;
      const lastSeen = view?.last_seen ?? at - silent_ms;
      return this.#alert({ region, firing: false, silent_ms: time - lastSeen, over, at: time, text });
    });
  }

  #alert(facts: Omit<SilenceAlert, 'event' | 'type' | 'rule'>): SilenceAlert {
    return { event: 'alert', type: 'region.silent', rule: `no reading for ${this.afterSeconds} s`, ...facts };
  }

  /** Not for a region without live or silent sensors: it has a reason to be silent. */
  #fires(region: RegionView, time: number): boolean {
    const isKnown = this.firing.some((alert) => alert.region === region.region);
    const isNews = isKnown || region.last_seen > this.#startedAt - OLD_SILENCE_MS;
    return region.live + region.silent > 0 && isNews && this.#isSilent(region, time);
  }

  #isSilent({ last_seen, interval_ms }: RegionView, time: number): boolean {
    return time - last_seen > Math.max(this.afterSeconds * 1000, 2 * interval_ms);
  }
}
