/** All alerts: what begins and ends is published, logged, and posted to the webhook. */
import type { AlertEvent, ConditionAlert, DeadLetterAlert } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { ConditionAlerts, type Conditions } from './condition-alerts.js';
import { LossAlerts } from './loss-alerts.js';
import { RelayAlerts } from './relay-alerts.js';
import { type KnownShards, ShardAlerts } from './shard-alerts.js';
import { SilenceAlerts } from './silence-alerts.js';
import { openWebhook } from './webhook.js';

export interface AlertOptions {
  /** A region that has sent nothing for so long is silent. */
  afterSeconds: number;
  /** URL to which alerts are posted as JSON. */
  webhook?: string | undefined;
  onAlert(alert: AlertEvent): void;
}

/** `publish`: shows an alert to clients. `onLost`: alerts were not delivered to the webhook, and why. */
export function openAlerts(
  { afterSeconds, webhook, onAlert }: AlertOptions,
  publish: (alert: AlertEvent) => void,
  onLost: (message: string) => void,
) {
  const silence = new SilenceAlerts(afterSeconds, Date.now());
  const losses = new LossAlerts();
  const relays = new RelayAlerts();
  const shards = new ShardAlerts();
  const conditions = new ConditionAlerts();
  const post = webhook === undefined ? undefined : openWebhook(webhook, onLost);

  return {
    /** Those that fire now. */
    firing: () => [conditions, shards, silence, losses, relays].flatMap(({ firing }): AlertEvent[] => firing),
    /** The clock was set forward or back by this many milliseconds. */
    shiftTimes(by: number): void {
      silence.shiftTimes(by);
      shards.shiftTimes(by);
    },

    /** Another puller has raised these, and no others; from now on this one does. */
    restore(firing: AlertEvent[]): void {
      silence.restore(firing.filter((alert) => alert.type === 'region.silent'));
      losses.restore(firing.filter((alert) => alert.type === 'readings.unaccounted'));
      relays.restore(firing.filter((alert) => 'relay' in alert));
      shards.restore(firing.filter((alert) => 'shards' in alert || 'shard' in alert));
      conditions.restore(firing.filter(isCondition));
    },

    /** Raises those that begin, change or end. */
    update(summary: FleetSummary, found: Conditions & KnownShards): void {
      const news = [
        // While a part of the fleet is missing its readings are neither late nor lost.
        ...(found.missing.length > 0
          ? []
          : [...silence.update(summary), ...losses.update(summary), ...relays.update(summary)]),
        ...shards.update(found, summary.time),
        ...conditions.update(found, summary.time),
      ];
      for (const alert of news) {
        publish(alert);
        onAlert(alert);
      }
      post?.(news);
    },
  };
}

const isCondition = (alert: AlertEvent): alert is ConditionAlert | DeadLetterAlert =>
  !('region' in alert || 'shards' in alert || 'shard' in alert);
