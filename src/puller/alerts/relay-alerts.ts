/** Alerts about relays: one that is not heard, is nearly full, or has kept readings for long. */
import type { RelayAlert } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import type { RelayView } from '../../fleet/relays.js';
import { FiringAlerts } from './firing-alerts.js';

const NEARLY_FULL = 0.8;
const OLD_MS = 600_000;

const nameText = (relay: string, region: string) => `the relay ${relay} (${region})`;
const minutes = (ms: number) => `${Math.round(ms / 60_000)} min`;

/** `over`: what is said of a relay when it ends. `problem`: undefined when all is well. */
const RULES: Record<
  RelayAlert['type'],
  { rule: string; over: string; problem(relay: RelayView, now: number): string | undefined }
> = {
  'relay.away': {
    rule: 'relays are heard while their sensors run',
    over: 'is heard again, or its sensors have ended',
    problem: ({ away, heard_at }, now) =>
      away
        ? `has not been heard for ${Math.round((now - heard_at) / 1000)} s: it is down, or can't reach the proxy`
        : undefined,
  },
  'relay.filling': {
    rule: `relays are less than ${NEARLY_FULL * 100} % full`,
    over: `is less than ${NEARLY_FULL * 100} % full again`,
    problem: ({ bytes, max_bytes }) =>
      bytes >= NEARLY_FULL * max_bytes
        ? `is ${Math.round((100 * bytes) / max_bytes)} % full; once it is full, its sensors keep the next readings`
        : undefined,
  },
  'relay.backlog': {
    rule: `relays keep no reading for more than ${minutes(OLD_MS)}`,
    over: `keeps no reading for more than ${minutes(OLD_MS)} now`,
    problem: ({ away, oldest_ms, backlog }) =>
      !away && oldest_ms > OLD_MS ? `keeps ${backlog} readings, the oldest for ${minutes(oldest_ms)}` : undefined,
  },
};

const TYPES: RelayAlert['type'][] = ['relay.away', 'relay.filling', 'relay.backlog'];

export class RelayAlerts extends FiringAlerts<RelayAlert> {
  update({ time: at, relays }: Pick<FleetSummary, 'time' | 'relays'>): RelayAlert[] {
    const found = relays.flatMap((view) =>
      TYPES.flatMap((type): RelayAlert[] => {
        const { name: relay, region } = view;
        const { rule, problem } = RULES[type];
        const what = problem(view, at);
        const text = `${nameText(relay, region)} ${what}`;
        return what === undefined ? [] : [{ event: 'alert', type, firing: true, region, relay, at, rule, text }];
      }),
    );
    return this.news(found, (alert) => {
      const text = `${nameText(alert.relay, alert.region)} ${RULES[alert.type].over}`;
      return { ...alert, firing: false, at, text };
    });
  }
}
