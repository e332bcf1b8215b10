/** All alerts: what begins and ends is published, logged, and posted to the webhook. */
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { ConditionAlerts, type Conditions } from './condition-alerts.js';
import { LossAlerts } from './loss-alerts.js';
import { RelayAlerts } from './relay-alerts.js';
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
  const conditions = new ConditionAlerts();
  const post = webhook === undefined ? undefined : openWebhook(webhook, onLost);

  return {
    /** Those that fire now. */
    firing: () => [conditions, silence, losses, relays].flatMap(({ firing }): AlertEvent[] => firing),
    /** The clock was set forward or back by this many milliseconds. */
    shiftTimes: (by: number) => silence.shiftTimes(by),

    /** Raises those that begin, change or end. */
    update(summary: FleetSummary, found: Conditions): void {
      const news = [
        ...silence.update(summary),
        ...losses.update(summary),
        ...relays.update(summary),
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
