/** Alerts about the puller itself and the queue: each fires as long as its condition lasts. */
import type { ConditionAlert, DeadLetterAlert } from '../../fleet/fleet-events.js';
import type { WrittenBack } from '../../lib/sqlite/database-file.js';
import type { QueueServerState } from '../../queue/queue.js';
import type { StoreStats } from '../../store/store.js';
import { FiringAlerts } from './firing-alerts.js';

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

/** The rules, and what breaks each of them; undefined: it is kept. An alert that is over says its rule. */
function rulesOf({
  store,
  storeProblem,
  clockAheadMs,
  queueServer,
}: Conditions): [Kind, rule: string, problem: string | undefined][] {
  const refused =
    queueServer?.status === 'not ready' ? `the queue server takes no messages: ${queueServer.reason}` : undefined;
  const { quarantined, writtenBack, damagedMessages } = queueServer ?? {};
  return [
    ['store.not-ready', 'readings can be stored', storeProblem && `readings can't be stored: ${storeProblem}`],
    ['store.quarantined', 'no damaged store is kept', quarantinedText('store', 'readings', store?.quarantined)],
    ['store.written-back', 'the file of the store is left alone', writtenBackText('store', store?.writtenBack)],
    [
      'store.damaged-rows',
      'every checksum in the store is right',
      damagedText('rows in the store', store?.damagedRows),
    ],
    ['clock.stepped', 'the clock is right', steppedText(clockAheadMs)],
    ['queue.not-ready', 'the queue server takes messages', refused],
    ['queue.quarantined', 'no damaged queue store is kept', quarantinedText('queue store', 'messages', quarantined)],
    ['queue.written-back', 'the file of the queue store is left alone', writtenBackText('queue store', writtenBack)],
    [
      'queue.damaged-messages',
      'every checksum in the queue store is right',
      damagedText('messages in the queue store', damagedMessages),
    ],
  ];
}

const quarantinedText = (what: string, content: string, files: string[] = []): string | undefined =>
  files.length === 0
    ? undefined
    : `the ${what} was damaged or replaced; ${content} may be missing. What could be read is in the new store, the other one is kept: ${files.join(', ')}`;

const writtenBackText = (what: string, happened: WrittenBack | undefined): string | undefined =>
  happened &&
  `the file of the ${what} was ${happened.problem} while it was in use. It is written back and nothing is missing; find out who does that`;

const damagedText = (what: string, count = 0) => (count === 0 ? undefined : `damaged ${what}: ${count}`);

const steppedText = (ms: number): string | undefined =>
  ms === 0
    ? undefined
    : `the clock was set ${ms > 0 ? 'forward' : 'back'} by ${Math.round(Math.abs(ms) / 1000)} s; nothing is deleted because of it until it has lasted an hour`;

export class ConditionAlerts extends FiringAlerts<Alert> {
  /** When dead letters were reported last. */
  #raisedAt = 0;

  /** Returns the alerts that begin, grow or end. `now` in Unix milliseconds. */
  update(conditions: Conditions, now: number): Alert[] {
    const found = rulesOf(conditions).flatMap(([type, rule, text]): Alert[] =>
      text === undefined ? [] : [{ event: 'alert', type, firing: true, at: now, rule, text }],
    );
    const news = this.news(
      [...this.#deadLetters(conditions.deadLetters, now), ...found],
      (alert) => {
        const over = { firing: false, at: now };
        if (alert.type !== 'dead-letters') return { ...alert, ...over, text: alert.rule };
        return { ...alert, ...over, count: 0, text: 'no dead letters in the queue any more' };
      },
      (alert, before) =>
        'count' in alert && 'count' in before && alert.count > before.count && now - this.#raisedAt >= RAISE_EVERY_MS,
    );
    if (news.some(({ type }) => type === 'dead-letters')) this.#raisedAt = now;
    return news;
  }

  #deadLetters(count: number | undefined, now: number): Alert[] {
    const before = this.firing.filter(({ type }) => type === 'dead-letters');
    if (count === undefined) return before;
    if (count === 0) return [];
    const at = before[0]?.at ?? now;
    const text = `dead letters in the queue: ${count}; \`wasm-sensors queue dead-letters\` lists them`;
    return [{ event: 'alert', type: 'dead-letters', firing: true, count, at, rule: 'no dead letters', text }];
  }
}
