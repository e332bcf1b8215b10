/** Counts the messages that become dead letters, and reports them. */
import type { PullerEvent } from '../failure-reporter.js';

/** Why a message can never be accepted. The first four are the proxy's codes for the same. */
export interface Rejection {
  code: 'NOT_JSON' | 'NOT_AN_OBJECT' | 'TOO_DEEP' | 'BAD_FIELD' | 'REFUSED_BY_SINK';
  reason: string;
}

/** Dead letters of a code within this time are one event: whoever reaches the queue could fill the log otherwise. */
const COLLECT_MS = 1_000;

export class DeadLetterLog {
  /** By code, since the start. */
  readonly counts: Partial<Record<Rejection['code'], number>> = {};
  readonly #onEvent: (event: PullerEvent) => void;
  #collected = new Map<Rejection['code'], { count: number; id: string; reason: string }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(onEvent: (event: PullerEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** `id`: of the message in the dead-letter queue. */
  record(id: string, { code, reason }: Rejection): void {
    this.counts[code] = (this.counts[code] ?? 0) + 1;
    const collected = this.#collected.get(code);
    if (collected) collected.count++;
    else this.#collected.set(code, { count: 1, id, reason });
    this.#timer ??= setTimeout(() => this.flush(), COLLECT_MS);
  }

  /** Reports what is collected. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const collected = this.#collected;
    this.#collected = new Map();
    for (const [code, first] of collected) this.#onEvent({ type: 'puller.dead-letters', code, ...first });
  }
}
