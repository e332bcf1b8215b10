/** Puts together what works on one shard: pipeline, store, fleet view. */
import { escapeControls } from '../../lib/control-characters.js';
import { ElapsedClock } from '../../lib/time/elapsed-clock.js';
import type { Queue } from '../../queue/queue.js';
import type { ReadingsStore, Retention } from '../../store/store.js';
import type { Delivery } from '../delivery.js';
import type { EndedNetwork } from '../ended-network.js';
import type { EventBus } from '../events/event-bus.js';
import { EventHub } from '../events/event-hub.js';
import { FailureReporter, type PullerEvent } from '../failure-reporter.js';
import { Pipeline } from '../pipeline.js';
import { watchQueue } from '../queue-watch.js';
import { restoreFleet } from '../restore-fleet.js';
import { keepStore } from '../store-upkeep.js';
import type { Unit } from './units.js';
import { divideUnsharded, type UnshardedOptions } from './unsharded-queue.js';

export interface UnitOptions {
  shard: number;
  /** How many there are. */
  shards: number;
  queue: Queue;
  unsharded?: UnshardedOptions | undefined;
  pollers: number;
  /** Closed by {@link RunningUnit.stop}. */
  store: { opened: ReadingsStore; retention: Retention; ended: EndedNetwork | undefined } | undefined;
  bus: EventBus;
  log: ((text: string) => void) | undefined;
  /** The wall clock was set, and the times in the view have moved by so many milliseconds. */
  onClockStep(byMs: number): void;
  onEvent(event: PullerEvent): void;
}

export interface RunningUnit extends Unit {
  start(): void;
  /**
   * Resolves when everything that was received is dealt with, and the store is closed. `isOurs`: false = another puller has
   * the shard, so that nothing can be stored any more.
   */
  stop(isOurs?: boolean): Promise<void>;
}

/** Rejects with what the store rejects with; it is closed then. */
export async function openUnit(options: UnitOptions): Promise<RunningUnit> {
  const { shard, shards, queue, pollers, bus, log, onClockStep, onEvent } = options;
  const { opened: store, retention, ended } = options.store ?? {};
  const hub = new EventHub(bus);
  // Without a store it sees what comes from now on.
  hub.fleet.began = Date.now();
  if (store) await restoreFleet(store, Date.now(), ended, hub);
  const failures = new FailureReporter(onEvent);
  const watch = watchQueue(queue, failures);
  const unsharded = options.unsharded && divideUnsharded(options.unsharded, failures);
  const clock = store?.clock ?? new ElapsedClock(undefined);
  const pipeline = new Pipeline({
    queue,
    shard: { index: shard, count: shards },
    store: store && ((deliveries) => store.append(deliveries)),
    onStored(deliveries, known) {
      hub.record(deliveries, now(), known);
      log?.(logLines(deliveries));
    },
    storing: hub.storing,
    onEvent(event) {
      onEvent(event);
      if (event.type === 'puller.dead-letters') void watch.countDeadLetters();
    },
    failures,
    now,
    pollers,
  });
  const upkeep = store && retention && keepStore({ store, hub, now, retention, failures, onEvent });

  /**
   * Unix milliseconds. When somebody sets the wall clock, the times in the view move with it, in the same moment: otherwise
   * sensors would be silent or forgotten, or never fall silent, because of a clock.
   */
  function now(): number {
    const { pendingMs, unsureSince } = clock;
    const event = clock.check();
    if (event) onEvent(event);
    // What was before the start was moved when it was restored.
    if (event && !event.whileStopped && event.type !== 'clock-step-confirmed') {
      const by = clock.pendingMs - pendingMs;
      hub.fleet.shiftTimes(by, unsureSince);
      hub.fleet.limitLastSeen(Date.now());
      onClockStep(by);
    }
    return Date.now();
  }

  return {
    shard,
    queue,
    hub,
    store,
    now,
    problem: () => failures.problemOf('accept') ?? failures.problemOf('check-store'),
    stats: () => ({
      ...pipeline.stats,
      ...watch.known,
      messages: watch.known.messages === undefined ? undefined : watch.known.messages + (unsharded?.waiting() ?? 0),
      failures: failures.count,
      lastError: failures.lastError,
      store: store?.stats,
      lagMs: watch.known.messages && Math.max(0, Date.now() - pipeline.lastSentAt),
      clockAheadMs: clock.aheadMs,
    }),
    failures: () => failures.counts,
    async checkQueue() {
      await Promise.all([watch.check(), unsharded?.check()]);
    },
    saveView: upkeep?.saveCheckpoint,
    addSamples: (samples) => void upkeep?.addSamples(samples),
    start() {
      pipeline.start();
      unsharded?.start();
      upkeep?.start();
    },
    async stop(isOurs = true) {
      upkeep?.pause();
      await Promise.all([unsharded?.stop(), pipeline.stop()]);
      await (isOurs ? upkeep?.close() : store?.close());
    },
  };
}

/** A line of JSON for each message, safe for terminals. Outside of its strings JSON may have line breaks. */
const logLines = (deliveries: Delivery[]): string =>
  deliveries.map(({ body }) => `${escapeControls(body.replace(/[\t\n\r]/g, ' '))}\n`).join('');
