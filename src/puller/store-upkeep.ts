/** Keeps the store in order while the puller runs. A full disk or a locked store must not stop the puller. */
import type { Soon } from '../lib/async/exclusive.js';
import { messageOf } from '../lib/errors/app-error.js';
import type { Sample } from '../store/history.js';
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
/** That of a large fleet takes seconds: at most a fortieth of the time is spent on it. */
const CHECKPOINT_PAUSE_FACTOR = 40;
const CHECKPOINT_PAUSE_MS = 300_000;
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
  let checkpointTimer: NodeJS.Timeout | undefined;
  let damagedRows = 0;
  let isPaused = false;
  /** A server may take longer for it than until the next one. */
  let isChecking = false;

  /** Work that needs no time is done when this returns. */
  async function attempt<T>(task: PullerTask, work: () => Soon<T>): Promise<T | undefined> {
    try {
      const done = work();
      const result = done instanceof Promise ? await done : done;
      failures.succeeded(task);
      return result;
    } catch (error) {
      failures.failed(task, messageOf(error));
      return undefined;
    }
  }

  const checkStore = () =>
    attempt('check-store', () => {
      const checked = store.check();
      const count = store.stats.damagedRows;
      if (count > damagedRows) onEvent({ type: 'store.damaged-rows', count });
      damagedRows = count;
      return checked;
    });

  async function check(): Promise<void> {
    if (isChecking) return;
    isChecking = true;
    await Promise.all([checkStore(), attempt('retention', () => store.forget(retention))]);
    isChecking = false;
  }

  /** Nothing is stored meanwhile: the view that is saved has what is stored. */
  const saveCheckpoint = () =>
    attempt('checkpoint', () =>
      hub.storing.run(() => {
        // It can not be undone: time that may not have passed does not count.
        hub.fleet.prune(now() - Math.max(0, store.clock.pendingMs));
        return store.saveCheckpoint(hub.fleet.dump());
      }),
    );

  async function keepCheckpoint(): Promise<void> {
    const began = performance.now();
    await saveCheckpoint();
    const pause = Math.min(CHECKPOINT_PAUSE_MS, CHECKPOINT_PAUSE_FACTOR * (performance.now() - began));
    if (!isPaused) checkpointTimer = setTimeout(keepCheckpoint, Math.max(CHECKPOINT_EVERY_MS, pause));
  }

  async function rollUp(): Promise<void> {
    const isBusy = await attempt('roll-up', () => store.rollUp(Date.now()));
    if (!isPaused) rollUpTimer = setTimeout(rollUp, isBusy ? ROLL_UP_BUSY_MS : ROLL_UP_EVERY_MS);
  }

  return {
    start(): void {
      checkpointTimer = setTimeout(keepCheckpoint, CHECKPOINT_EVERY_MS);
      timers.push(setInterval(check, CHECK_EVERY_MS));
      void rollUp();
    },
    saveCheckpoint,
    addSamples: (samples: Sample[]) => attempt('roll-up', () => store.addSamples(samples, now())),
    pause(): void {
      isPaused = true;
      for (const timer of timers) clearInterval(timer);
      clearTimeout(rollUpTimer);
      clearTimeout(checkpointTimer);
    },
    /** Saves what there is to save, and closes the store. Call it after `pause`, when nothing more is stored. */
    async close(): Promise<void> {
      await checkStore();
      await saveCheckpoint();
      await attempt('roll-up', () => store.close(ROLL_UP_AT_END_MS));
    },
  };
}
