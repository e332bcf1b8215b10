/** Alerts about the shards of a store that pullers share: their readings are not shown, or wait in the queue for long. */
import type { LagAlert, PullerAlert } from '../../fleet/fleet-events.js';
import type { MissingPart } from '../../fleet/fleet-view.js';
import { FiringAlerts } from './firing-alerts.js';

/** Longer than others need to take the shards of a puller that has ended. */
const SILENT_MS = 15_000;
const LAG_MS = 60_000;

export interface KnownShards {
  missing: MissingPart[];
  /** Those that are not missing. `lagMs`: for how long the oldest message that is left has waited; undefined: not known. */
  shards: { shard: number; lagMs: number | undefined }[];
}

type Alert = PullerAlert | LagAlert;

export class ShardAlerts extends FiringAlerts<Alert> {
  /** Since when each puller is silent, by its URL; Unix milliseconds. */
  readonly #since = new Map<string | undefined, number>();

  /** The clock was set forward or back by this many milliseconds. */
  shiftTimes(by: number): void {
    for (const [puller, since] of this.#since) this.#since.set(puller, since + by);
  }

  /** Returns the alerts that begin or end. `now` in Unix milliseconds. */
  update({ missing, shards }: KnownShards, now: number): Alert[] {
    for (const puller of this.#since.keys()) {
      if (!missing.some((part) => part.puller === puller)) this.#since.delete(puller);
    }
    const found: Alert[] = [];
    for (const { puller, shards: silent, why } of missing) {
      const since = this.#since.get(puller) ?? now;
      this.#since.set(puller, since);
      const fires = this.firing.some((alert) => alert.type === 'puller.silent' && alert.puller === puller);
      if (!fires && now - since < SILENT_MS) continue;
      const text = `${shardsText(silent)} can't be shown for ${Math.round((now - since) / 1000)} s: ${
        puller === undefined ? why : `the puller at ${puller} holds them: ${why}`
      }`;
      const alert = { event: 'alert', type: 'puller.silent', firing: true, at: now, rule: PULLERS, text } as const;
      found.push({ ...alert, shards: silent, ...(puller === undefined ? {} : { puller }) });
    }
    for (const { shard, lagMs } of shards) {
      if (lagMs === undefined || lagMs <= LAG_MS) continue;
      const text = `the oldest message of shard ${shard} has waited for ${Math.round(lagMs / 1000)} s: its puller is too slow, or can't store`;
      found.push({ event: 'alert', type: 'shard.lagging', firing: true, at: now, rule: LAGS, text, shard });
    }
    const kept = this.firing.filter(
      (alert) =>
        alert.type === 'shard.lagging' &&
        !shards.some(({ shard, lagMs }) => shard === alert.shard && lagMs !== undefined),
    );
    return this.news([...found, ...kept], (alert) => {
      const text =
        alert.type === 'puller.silent'
          ? `${shardsText(alert.shards)} ${alert.shards.length === 1 ? 'is' : 'are'} shown again`
          : `no message of shard ${alert.shard} has waited for long any more`;
      return { ...alert, firing: false, at: now, text };
    });
  }
}

const PULLERS = 'every shard is shown';
const LAGS = `no message waits for more than ${LAG_MS / 1000} s`;

const shardsText = (shards: number[]): string => `${shards.length === 1 ? 'shard' : 'shards'} ${shards.join(', ')}`;
