/** Reports what fails in the puller: once when it starts to fail, and once when it works again. */
import type { Rejection } from './dead-letter-log.js';

/** `accept`: the required sinks accept readings. `sink:NAME`: an optional sink does. */
export type PullerTask =
  | 'receive'
  | 'accept'
  | `sink:${string}`
  | 'delete'
  | 'dead-letter'
  | 'count-dead-letters'
  | 'checkpoint'
  | 'retention';

/** Facts; `cli/output` makes sentences of them. */
export type PullerEvent =
  | { type: 'puller.failing'; task: PullerTask; message: string }
  | { type: 'puller.recovered'; task: PullerTask }
  /** Messages of one code were moved to the dead-letter queue; `id` (there) and `reason` are those of the first. */
  | { type: 'puller.dead-letters'; code: Rejection['code']; count: number; id: string; reason: string }
  /** An alert was not delivered. */
  | { type: 'webhook.failed'; message: string };

export class FailureReporter {
  /** Failures by task since the start. */
  readonly counts: Record<string, number> = {};
  lastError: string | undefined;
  readonly #onEvent: (event: PullerEvent) => void;
  /** The message of each task that fails now. */
  readonly #failing = new Map<PullerTask, string>();

  constructor(onEvent: (event: PullerEvent) => void) {
    this.#onEvent = onEvent;
  }

  get count(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  isFailing(task: PullerTask): boolean {
    return this.#failing.has(task);
  }

  failed(task: PullerTask, message: string): void {
    this.counts[task] = (this.counts[task] ?? 0) + 1;
    this.lastError = message;
    if (this.#failing.get(task) === message) return;
    this.#failing.set(task, message);
    this.#onEvent({ type: 'puller.failing', task, message });
  }

  succeeded(task: PullerTask): void {
    if (this.#failing.delete(task)) this.#onEvent({ type: 'puller.recovered', task });
  }
}
