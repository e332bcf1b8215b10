/** Keeps the store in order while the puller runs. A full disk or a locked store must not stop the puller. */
import { messageOf } from '../lib/errors/app-error.js';
import type { ReadingsStore, Retention } from '../store/store.js';
import type { EventHub } from './events/event-hub.js';
import type { FailureReporter, PullerEvent, PullerTask } from './failure-reporter.js';

export interface StoreUpkeepOptions {
  store: ReadingsStore;
  hub: EventHub;
  /** Unix milliseconds, in step with the fleet view. */
  now: () => number;
  retention: Retention;
  failures: FailureReporter;
  onEvent(event: PullerEvent): void;
}

const CHECKPOINT_EVERY_MS = 30_000;
/** Checks and retention. */
const CHECK_EVERY_MS = 1_000;
/** Time between two pieces of work on the roll-ups, of some milliseconds each. */
const ROLL_UP_EVERY_MS = 1_000;
const ROLL_UP_BUSY_MS = 40;
/** What takes longer at the end, the next start does. */
const ROLL_UP_AT_END_MS = 1_000;

export class StoreUpkeep {
  readonly #options: StoreUpkeepOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  #rollUpTimer: NodeJS.Timeout | undefined;
  #damagedRows = 0;

  constructor(options: StoreUpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timers.push(
      setInterval(() => this.#saveCheckpoint(), CHECKPOINT_EVERY_MS),
      setInterval(() => this.#check(), CHECK_EVERY_MS),
    );
    this.#rollUp();
  }

  pause(): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#rollUpTimer);
  }

  /** Saves what there is to save, and closes the store. Call it after {@link pause}, when nothing more is stored. */
  close(): void {
    const { store } = this.#options;
    this.#try('check-store', () => store.check());
    this.#saveCheckpoint();
    this.#try('roll-up', () => store.close(ROLL_UP_AT_END_MS));
  }

  /** Notes how many messages are in the queue. */
  addDepth(messages: number): void {
    const { store, now } = this.#options;
    this.#try('roll-up', () => store.addDepth(messages, now()));
  }

  #check(): void {
    const { store, retention, onEvent } = this.#options;
    this.#try('check-store', () => {
      store.check();
      const count = store.stats.damagedRows;
      if (count > this.#damagedRows) onEvent({ type: 'store.damaged-rows', count });
      this.#damagedRows = count;
    });
    this.#try('retention', () => store.forget(retention));
  }

  #saveCheckpoint(): void {
    const { store, hub, now } = this.#options;
    this.#try('checkpoint', () => {
      // It can not be undone: time that may not have passed does not count.
      hub.fleet.prune(now() - Math.max(0, store.clock.pendingMs));
      store.saveCheckpoint(hub.fleet.dump());
    });
  }

  #rollUp(): void {
    let isBusy = false;
    this.#try('roll-up', () => {
      isBusy = this.#options.store.rollUp(Date.now());
    });
    this.#rollUpTimer = setTimeout(() => this.#rollUp(), isBusy ? ROLL_UP_BUSY_MS : ROLL_UP_EVERY_MS);
  }

  #try(task: PullerTask, work: () => void): void {
    const { failures } = this.#options;
    try {
      work();
      failures.succeeded(task);
    } catch (error) {
      failures.failed(task, messageOf(error));
    }
  }
}
