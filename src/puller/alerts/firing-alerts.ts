/** The alerts of a kind that fire: each is news when it begins and when it ends. */
import type { AlertEvent } from '../../fleet/fleet-events.js';

/** What an alert is about: a newer alert about the same says all that is left to say. */
export const subjectOf = (alert: AlertEvent): string =>
  [
    alert.type,
    'region' in alert && alert.region,
    'relay' in alert && alert.relay,
    'puller' in alert && alert.puller,
    'shard' in alert && String(alert.shard),
  ]
    .filter(Boolean)
    .join('\n');

export abstract class FiringAlerts<A extends AlertEvent> {
  readonly #firing = new Map<string, A>();

  /** Those that fire now, as they were published. */
  get firing(): A[] {
    return [...this.#firing.values()];
  }

  /** Another puller has raised these, and no others; from now on this one does. */
  restore(firing: A[]): void {
    this.#firing.clear();
    for (const alert of firing) this.#firing.set(subjectOf(alert), alert);
  }

  /**
   * Returns those that begin, grow or end. `found`: all that have a reason now. `end`: what is said of one that has none any
   * more. `hasGrown`: whether one that fires is to be raised again.
   */
  protected news(found: A[], end: (alert: A) => A, hasGrown: (alert: A, before: A) => boolean = () => false): A[] {
    const lasting = new Set(found.map(subjectOf));
    const begun = found.filter((alert) => {
      const before = this.#firing.get(subjectOf(alert));
      return before === undefined || hasGrown(alert, before);
    });
    const ended = this.firing.filter((alert) => !lasting.has(subjectOf(alert)));
    for (const alert of begun) this.#firing.set(subjectOf(alert), alert);
    for (const alert of ended) this.#firing.delete(subjectOf(alert));
    return [...begun, ...ended.map(end)];
  }
}
