/** Alerts about relays: one that is not heard, is nearly full, or has kept readings for long. */
import type { RelayAlert } from '../../fleet/fleet-events.js';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import type { RelayView } from '../../fleet/relays.js';

const NEARLY_FULL = 0.8;
const OLD_MS = 600_000;

interface Rule {
  rule: string;
  /** What is said of a relay when it ends. */
  over: string;
  /** Undefined: all is well. */
  problem(relay: RelayView, now: number): string | undefined;
}

const nameText = (relay: string, region: string) => `the relay ${relay} (${region})`;
const minutes = (ms: number) => `${Math.round(ms / 60_000)} min`;

const RULES: Record<RelayAlert['type'], Rule> = {
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

export class RelayAlerts {
  readonly #firing = new Map<string, RelayAlert>();

  /** Those that fire now. */
  get firing(): RelayAlert[] {
    return [...this.#firing.values()];
  }

  /** Returns the alerts that begin or end with this summary. */
  update({ time: at, relays = [] }: Pick<FleetSummary, 'time' | 'relays'>): RelayAlert[] {
    const found = new Map<string, RelayAlert>();
    for (const relay of relays) {
      for (const type of TYPES) {
        const { rule, problem } = RULES[type];
        const text = problem(relay, at);
        if (text === undefined) continue;
        const { name, region } = relay;
        const alert: RelayAlert = {
          event: 'alert',
          type,
          firing: true,
          region,
          relay: name,
          at,
          rule,
          text: `${nameText(name, region)} ${text}`,
        };
        found.set(`${type}\n${region}\n${name}`, alert);
      }
    }
    const begun = [...found].filter(([key]) => !this.#firing.has(key));
    const ended = [...this.#firing].filter(([key]) => !found.has(key));
    for (const [key, alert] of begun) this.#firing.set(key, alert);
    for (const [key] of ended) this.#firing.delete(key);
    const over = ended.map(([, { relay, region, rule, ...alert }]) => {
      const text = `${nameText(relay, region)} ${RULES[alert.type].over}`;
      return { ...alert, region, relay, rule, firing: false, at, text };
    });
    return [...begun.map(([, alert]) => alert), ...over];
  }
}

const TYPES: RelayAlert['type'][] = ['relay.away', 'relay.filling', 'relay.backlog'];
