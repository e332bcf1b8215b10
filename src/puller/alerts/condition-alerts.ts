/** Alerts about the puller itself: each fires as long as its condition lasts. */
import type { ConditionAlert } from '../../fleet/fleet-events.js';
import type { StoreStats } from '../store-watch.js';

export interface Conditions {
  store: StoreStats | undefined;
  /** How far the wall clock was set forward, in milliseconds, as long as that is not confirmed. */
  clockAheadMs: number;
}

type Kind = ConditionAlert['type'];

const RULES: Record<Kind, { rule: string; over: string; text(conditions: Conditions): string | undefined }> = {
  'store.quarantined': {
    rule: 'no damaged store',
    over: 'no damaged store is kept any more',
    text: ({ store }) =>
      store?.quarantined.length
        ? `the store was damaged; readings may be missing. What could be read is in the new store, the damaged one is kept: ${store.quarantined.join(', ')}`
        : undefined,
  },
  'store.damaged-rows': {
    rule: 'every checksum in the store is right',
    over: 'no row of the store is known to be damaged',
    text: ({ store }) => (store?.damagedRows ? `damaged rows in the store: ${store.damagedRows}` : undefined),
  },
  'clock.stepped': {
    rule: 'the clock is not set',
    over: 'the time of the clock is taken for right',
    text: ({ clockAheadMs }) =>
      clockAheadMs === 0
        ? undefined
        : `the clock was set ${clockAheadMs > 0 ? 'forward' : 'back'} by ${Math.round(Math.abs(clockAheadMs) / 1000)} s; nothing is deleted because of it until it has lasted an hour`,
  },
};
const KINDS = Object.keys(RULES) as Kind[];

export class ConditionAlerts {
  readonly #firing = new Map<Kind, ConditionAlert>();

  /** The alerts that fire now, as they were published. */
  get firing(): ConditionAlert[] {
    return [...this.#firing.values()];
  }

  /** Returns the alerts that begin or end. `now` in Unix milliseconds. */
  update(conditions: Conditions, now: number): ConditionAlert[] {
    return KINDS.flatMap((type) => {
      const { rule, over, text: textOf } = RULES[type];
      const text = textOf(conditions);
      if ((text !== undefined) === this.#firing.has(type)) return [];
      const firing = text !== undefined;
      const alert: ConditionAlert = { event: 'alert', type, firing, at: now, rule, text: text ?? over };
      if (firing) this.#firing.set(type, alert);
      else this.#firing.delete(type);
      return [alert];
    });
  }
}
