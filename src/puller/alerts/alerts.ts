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

export class Alerts {
  readonly #silence: SilenceAlerts;
  readonly #losses = new LossAlerts();
  readonly #relays = new RelayAlerts();
  readonly #conditions = new ConditionAlerts();
  readonly #tell: (alerts: AlertEvent[]) => void;

  /** `publish`: shows an alert to clients. `onLost`: alerts were not delivered to the webhook, and why. */
  constructor(
    { afterSeconds, webhook, onAlert }: AlertOptions,
    publish: (alert: AlertEvent) => void,
    onLost: (message: string) => void,
  ) {
    this.#silence = new SilenceAlerts(afterSeconds, Date.now());
    const post = webhook === undefined ? undefined : openWebhook(webhook, onLost);
    this.#tell = (alerts) => {
      for (const alert of alerts) {
        publish(alert);
        onAlert(alert);
      }
      post?.(alerts);
    };
  }

  /** Those that fire now. */
  get firing(): AlertEvent[] {
    return [this.#conditions, this.#silence, this.#losses, this.#relays].flatMap(({ firing }): AlertEvent[] => firing);
  }

  /** The clock was set forward or back by this many milliseconds. */
  shiftTimes(by: number): void {
    this.#silence.shiftTimes(by);
  }

  /** Raises those that begin, change or end. */
  update(summary: FleetSummary, conditions: Conditions): void {
    this.#tell([
      ...this.#silence.update(summary),
      ...this.#losses.update(summary),
      ...this.#relays.update(summary),
      ...this.#conditions.update(conditions, summary.time),
    ]);
  }
}
