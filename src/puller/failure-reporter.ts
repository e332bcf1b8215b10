/** Reports what fails in the puller: once when it starts to fail, and once when it works again. */
import type { ClockEvent } from '../lib/time/elapsed-clock.js';
import type { StoreFileEvent } from '../store/sqlite/store-file.js';
import type { Rejection } from './delivery.js';

/** `accept`: readings are stored. */
export type PullerTask =
  | 'receive'
  | 'accept'
  | 'delete'
  | 'dead-letter'
  | 'count-dead-letters'
  | 'checkpoint'
  | 'retention'
  | 'roll-up'
  | 'check-store'
  /** Shards are taken and kept. */
  | 'leases'
  | 'open-shard'
  /** What is in the queue without a shard goes to the shards. */
  | 'divide';

/** Facts; `cli/output` makes sentences of them. */
/** `shard`: where there are several. */
export type PullerEvent = { shard?: number } & (
  | { type: 'puller.failing'; task: PullerTask; message: string }
  | { type: 'puller.recovered'; task: PullerTask }
  | StoreFileEvent
  | ClockEvent
  /** More rows of the store are known to be damaged: `count` in all. */
  | { type: 'store.damaged-rows'; count: number }
  /** Messages of one code were moved to the dead-letter queue; `id` (there) and `reason` are those of the first. */
  | { type: 'puller.dead-letters'; code: Rejection['code']; count: number; id: string; reason: string }
  /** An operator has cut or reconnected a region. */
  | { type: 'region.link'; region: string; connected: boolean }
  /** An alert was not delivered. */
  | { type: 'webhook.failed'; message: string }
);

export class FailureReporter {
  readonly counts: Record<string, number> = {};
  /** The message of each task that fails now. */
  readonly #failing = new Map<PullerTask, string>();

  constructor(private readonly onEvent: (event: PullerEvent) => void) {}

  get count(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** Of the task that fails now; the newest one where several do. */
  get lastError(): string | undefined {
    return [...this.#failing.values()].at(-1);
  }

  /** Why a task fails now; undefined: it does not. */
  problemOf(task: PullerTask): string | undefined {
    return this.#failing.get(task);
  }

  failed(task: PullerTask, message: string): void {
    this.counts[task] = (this.counts[task] ?? 0) + 1;
    const before = this.#failing.get(task);
    // The newest is the last one.
    this.#failing.delete(task);
    this.#failing.set(task, message);
    if (before !== message) this.onEvent({ type: 'puller.failing', task, message });
  }

  succeeded(task: PullerTask): void {
    if (this.#failing.delete(task)) this.onEvent({ type: 'puller.recovered', task });
  }
}
