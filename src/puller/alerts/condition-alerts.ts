/** Alerts about the puller itself and the queue: each fires as long as its condition lasts. */
import type { ConditionAlert, DeadLetterAlert } from '../../fleet/fleet-events.js';
import type { WrittenBack } from '../../lib/sqlite/database-file.js';
import type { QueueServerState } from '../../queue/queue.js';
import type { StoreStats } from '../../store/store.js';

export interface Conditions {
  store: StoreStats | undefined;
  /** Why nothing can be stored now. */
  storeProblem?: string | undefined;
  /** How far the wall clock was set forward, in milliseconds, as long as that is not confirmed. */
  clockAheadMs: number;
  queueServer: QueueServerState | undefined;
  /** In the queue; undefined: not known, so that what fires goes on. */
  deadLetters: number | undefined;
}

type Alert = ConditionAlert | DeadLetterAlert;
type Kind = ConditionAlert['type'];

/** While the number of dead letters grows their alert is raised again, but not more often. */
const RAISE_EVERY_MS = 60_000;

/** An alert that is over says its rule, which is kept again. */
const RULES: Record<Kind, { rule: string; text(conditions: Conditions): string | undefined }> = {
  'store.not-ready': {
    rule: 'readings can be stored',
    text: ({ storeProblem }) => (storeProblem === undefined ? undefined : `readings can't be stored: ${storeProblem}`),
  },
  'store.quarantined': {
    rule: 'no damaged store is kept',
    text: ({ store }) => quarantinedText('store', 'readings', store?.quarantined),
  },
  'store.written-back': {
    rule: 'the file of the store is left alone',
    text: ({ store }) => writtenBackText('store', store?.writtenBack),
  },
  'store.damaged-rows': {
    rule: 'every checksum in the store is right',
    text: ({ store }) => (store?.damagedRows ? `damaged rows in the store: ${store.damagedRows}` : undefined),
  },
  'clock.stepped': {
    rule: 'the clock is right',
    text: ({ clockAheadMs }) =>
      clockAheadMs === 0
        ? undefined
        : `the clock was set ${clockAheadMs > 0 ? 'forward' : 'back'} by ${Math.round(Math.abs(clockAheadMs) / 1000)} s; nothing is deleted because of it until it has lasted an hour`,
  },
  'queue.not-ready': {
    rule: 'the queue server takes messages',
    text: ({ queueServer: server }) =>
      server?.status === 'not ready' ? `the queue server takes no messages: ${server.reason}` : undefined,
  },
  'queue.quarantined': {
    rule: 'no damaged queue store is kept',
    text: ({ queueServer: server }) => quarantinedText('queue store', 'messages', server?.quarantined),
  },
  'queue.written-back': {
    rule: 'the file of the queue store is left alone',
    text: ({ queueServer: server }) => writtenBackText('queue store', server?.writtenBack),
  },
  'queue.damaged-messages': {
    rule: 'every checksum in the queue store is right',
    text: ({ queueServer: server }) =>
      server?.damagedMessages ? `damaged messages in the queue store: ${server.damagedMessages}` : undefined,
  },
};

const quarantinedText = (what: string, content: string, files: string[] = []): string | undefined =>
  files.length === 0
    ? undefined
    : `the ${what} was damaged or replaced; ${content} may be missing. What could be read is in the new store, the other one is kept: ${files.join(', ')}`;

const writtenBackText = (what: string, happened: WrittenBack | undefined): string | undefined =>
  happened &&
  `the file of the ${what} was ${happened.problem} while it was in use. It is written back and nothing is missing; find out who does that`;

const KINDS = Object.keys(RULES) as Kind[];

export class ConditionAlerts {
  readonly #firing = new Map<Alert['type'], Alert>();
  #raisedAt = 0;

  /** The alerts that fire now, as they were published. */
  get firing(): Alert[] {
    return [...this.#firing.values()];
  }

  /** Returns the alerts that begin, grow or end. `now` in Unix milliseconds. */
  update(conditions: Conditions, now: number): Alert[] {
    const news = [...this.#deadLetters(conditions.deadLetters, now), ...this.#conditions(conditions, now)];
    for (const alert of news) {
      if (alert.firing) this.#firing.set(alert.type, alert);
      else this.#firing.delete(alert.type);
    }
    return news;
  }

  #conditions(conditions: Conditions, now: number): ConditionAlert[] {
    return KINDS.flatMap((type) => {
      const { rule, text: problem } = RULES[type];
      const text = problem(conditions);
      const firing = text !== undefined;
      if (firing === this.#firing.has(type)) return [];
      return [{ event: 'alert', type, firing, at: now, rule, text: text ?? rule }];
    });
  }

  #deadLetters(count: number | undefined, now: number): DeadLetterAlert[] {
    const known = this.#firing.get('dead-letters');
    const before = known?.type === 'dead-letters' ? known.count : 0;
    if (count === undefined || count === before || (count > 0 && count < before)) return [];
    if (before > 0 && count > 0 && now - this.#raisedAt < RAISE_EVERY_MS) return [];
    this.#raisedAt = now;
    const text =
      count > 0
        ? `dead letters in the queue: ${count}; \`wasm-sensors queue dead-letters\` lists them`
        : 'no dead letters in the queue any more';
    const at = count > 0 ? (known?.at ?? now) : now;
    return [{ event: 'alert', type: 'dead-letters', firing: count > 0, count, at, rule: 'no dead letters', text }];
  }
}
