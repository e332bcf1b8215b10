/** Keeps the store in order while the puller runs. A full disk or a locked store must not stop the puller. */
import { messageOf } from '../lib/errors/app-error.js';
import type { Sample } from '../store/history.js';
import type { SqliteStore } from '../store/sqlite/sqlite-store.js';
import type { Retention } from '../store/store.js';
import type { EventHub } from './events/event-hub.js';
import type { FailureReporter, PullerEvent, PullerTask } from './failure-reporter.js';

export interface StoreUpkeepOptions {
  store: SqliteStore;
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

export function keepStore({ store, hub, now, retention, failures, onEvent }: StoreUpkeepOptions) {
  const timers: NodeJS.Timeout[] = [];
  let rollUpTimer: NodeJS.Timeout | undefined;
  let damagedRows = 0;

  function attempt(task: PullerTask, work: () => void): void {
    try {
      work();
      failures.succeeded(task);
    } catch (error) {
      failures.failed(task, messageOf(error));
    }
  }

  function check(): void {
    attempt('check-store', () => {
      store.check();
      const count = store.stats.damagedRows;
      if (count > damagedRows) onEvent({ type: 'store.damaged-rows', count });
      damagedRows = count;
    });
    attempt('retention', () => store.forget(retention));
  }

  const saveCheckpoint = () =>
    attempt('checkpoint', () => {
      // It can not be undone: time that may not have passed does not count.
      hub.fleet.prune(now() - Math.max(0, store.clock.pendingMs));
      store.saveCheckpoint(hub.fleet.dump());
    });

  function rollUp(): void {
    let isBusy = false;
    attempt('roll-up', () => {
      isBusy = store.rollUp(Date.now());
    });
    rollUpTimer = setTimeout(rollUp, isBusy ? ROLL_UP_BUSY_MS : ROLL_UP_EVERY_MS);
  }

  return {
    start(): void {
      timers.push(setInterval(saveCheckpoint, CHECKPOINT_EVERY_MS), setInterval(check, CHECK_EVERY_MS));
      rollUp();
    },
    saveCheckpoint,
    addSamples: (samples: Sample[]) => attempt('roll-up', () => store.addSamples(samples, now())),
    pause(): void {
      for (const timer of timers) clearInterval(timer);
      clearTimeout(rollUpTimer);
    },
    /** Saves what there is to save, and closes the store. Call it after `pause`, when nothing more is stored. */
    close(): void {
      attempt('check-store', () => store.check());
      saveCheckpoint();
      attempt('roll-up', () => store.close(ROLL_UP_AT_END_MS));
    },
  };
}
