/**
 * Rolls readings up by minute and hour. A reading is added in memory when it is stored; once a minute what has been
 * collected moves to the tables, some rows at a time. Each of these transactions saves which readings the tables have by
 * then, so a crash at any moment neither loses nor repeats one: the next start reads the others again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../../lib/sqlite/driver.js';
import type { StoreSink } from '../sinks/readings-store.js';
import type { StoredReading } from '../sinks/stored-rows.js';
import { HOUR_MS } from './history.js';
import { minuteOf, PendingRollUps } from './pending-roll-ups.js';
import { LEVELS, type RollUpProgress, RollUpTables } from './roll-up-tables.js';
import { type Series, SeriesIndex, type SeriesStatistics } from './series.js';
import { takenAt } from './statistics.js';

/** Rows written in one transaction: this takes some milliseconds. */
const ROWS_AT_ONCE = 1_000;
/** Readings read at a time when memory has not seen them. */
const READINGS_AT_ONCE = 500;
const READING_MS = 10;
/** More statistics do not wait for the end of the minute: some 20 MB. */
const MAX_PENDING = 200_000;

/** What moves to the tables now: of readings up to `target`. */
interface Moving {
  pending: PendingRollUps;
  target: number;
  /** The series of sensors in the order of their ids; those before `at` are in the tables. */
  order: Series[] | undefined;
  at: number;
}

export class RollUps {
  readonly #store: StoreSink;
  readonly #index = new SeriesIndex();
  #tables: { of: Database; tables: RollUpTables; known: WeakSet<Series> } | undefined;
  #salvages = -1;
  #progress!: RollUpProgress;
  #moving: Moving | undefined;
  #collected = new PendingRollUps();
  /** The last reading that is in memory or in the tables. */
  #seen = 0;
  /** Whether that is the newest one of the store. */
  #isCurrent = false;
  /** Set while rows that are made anew are deleted: those since then, Unix milliseconds. */
  #clearFrom: number | undefined;
  #minute = 0;
  #isStill = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** Takes part in everything that the store accepts from now on. Throws errors of the database. */
  constructor(store: StoreSink) {
    this.#store = store;
    this.#load();
    store.onStored = (readings) => this.#onStored(readings);
  }

  /** Readings up to this one are in the tables. */
  get done(): number {
    return this.#progress.done;
  }

  /** Whether memory and tables together have all readings of the store. */
  get isCurrent(): boolean {
    return this.#isCurrent && this.#salvages === this.#store.salvages;
  }

  /** What the tables do not have yet. */
  get pending(): PendingRollUps[] {
    return this.#moving ? [this.#moving.pending, this.#collected] : [this.#collected];
  }

  /** Runs `work` when nobody else's runs; meanwhile nothing moves from memory to the tables. */
  whileStill<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      // Between two that wait for each other the tables get their turn.
      await nextTurn();
      this.#isStill = true;
      return work().finally(() => {
        this.#isStill = false;
      });
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Messages in the queue. `now`: Unix milliseconds. */
  addDepth(messages: number, now: number): void {
    this.#collected.add(this.#index.region('').metric('queue.depth'), minuteOf(now), messages);
  }

  /** Does some of the work that waits, for some milliseconds; returns whether there is more. `now`: Unix milliseconds. */
  work(now: number): boolean {
    if (this.#salvages !== this.#store.salvages) this.#load();
    if (this.#clearFrom !== undefined) this.#clearSome(this.#clearFrom);
    else if (this.#moving && this.#seen >= this.#moving.target) {
      if (!this.#isStill) this.#moveSome(this.#moving);
    } else {
      if (!this.#isCurrent) this.#catchUp();
      const minute = minuteOf(now);
      if (!this.#moving && (minute !== this.#minute || this.#collected.size > MAX_PENDING)) {
        this.#minute = minute;
        this.#beginMove();
      }
    }
    return this.#clearFrom !== undefined || this.#moving !== undefined || !this.#isCurrent;
  }

  /** Moves everything to the tables, for at most `ms`. */
  finish(ms: number): void {
    const end = performance.now() + ms;
    for (let more = true; more && performance.now() < end; ) {
      // What was collected does not wait for the end of the minute.
      this.#minute = Number.NaN;
      more = this.work(0) || this.#collected.size > 0 || this.#seen > this.done;
    }
  }

  /** Deletes some rows to which nothing was added since these times, by the clock of the store. Returns how many. */
  forgetSome(before: { minutes: number; hours: number }): number {
    const [minutes, hours] = LEVELS;
    return this.#isTransaction(
      (tables) => tables.forgetSome(minutes, before.minutes) + tables.forgetSome(hours, before.hours),
    );
  }

  #load(): void {
    this.#salvages = this.#store.salvages;
    const { tables } = this.#open();
    this.#progress = tables.progress();
    const { done, target, rebuiltTo } = this.#progress;
    this.#seen = done;
    this.#isCurrent = false;
    this.#collected = new PendingRollUps();
    this.#moving = target > done ? { pending: new PendingRollUps(), target, order: undefined, at: 0 } : undefined;
    const [oldest] = this.#store.readingsAfter(0, 1);
    // Rows without progress: damage has taken an unknown part of the tables, or of the readings.
    const isSalvaged = target === 0 && rebuiltTo === 0 && tables.haveReadings();
    this.#clearFrom = isSalvaged && oldest ? completeSince(oldest) : undefined;
  }

  #open() {
    const { database } = this.#store;
    if (this.#tables?.of !== database) {
      this.#tables = { of: database, tables: new RollUpTables(database), known: new WeakSet() };
    }
    return this.#tables;
  }

  #onStored(readings: StoredReading[]): void {
    if (!this.isCurrent || readings.length === 0) return;
    // Otherwise somebody else has written to the store: the readings between are read later.
    this.#isCurrent = readings[0]!.id === this.#seen + 1;
    if (!this.#isCurrent) return;
    for (const reading of readings) this.#add(reading);
    this.#seen = readings.at(-1)!.id;
  }

  #add({ id, reading, receivedAt }: StoredReading): void {
    const taken = takenAt(reading, receivedAt);
    const minute = minuteOf(taken);
    const { target, series, rebuiltTo, rebuiltFrom } = this.#progress;
    if (id <= rebuiltTo && minute < rebuiltFrom) return;
    const { region, hostname, values } = reading;
    const sensor = this.#index.sensor(region, hostname);
    const lateness = receivedAt - taken;
    if (id <= target) {
      // After a crash amid a move: the tables have the regions, and some of the sensors' series.
      const { pending } = this.#moving!;
      const addMissing = (metric: string, value: number) => {
        const own = sensor.metric(metric);
        if (own.id > series) pending.add(own, minute, value);
      };
      addMissing('readings.lateness', lateness);
      for (const name in values) addMissing(name, values[name]!);
      return;
    }
    const whole = this.#index.region(region);
    const collected = this.#collected;
    collected.add(sensor.metric('readings.lateness'), minute, lateness);
    collected.add(whole.metric('readings.lateness'), minute, lateness);
    for (const name in values) {
      collected.add(sensor.metric(name), minute, values[name]!);
      collected.add(whole.metric(name), minute, values[name]!);
    }
  }

  #catchUp(): void {
    const end = performance.now() + READING_MS;
    while (performance.now() < end && !this.#isCurrent && this.#collected.size <= MAX_PENDING) {
      const readings = this.#store.readingsAfter(this.#seen, READINGS_AT_ONCE);
      for (const reading of readings) this.#add(reading);
      this.#isCurrent = readings.length < READINGS_AT_ONCE;
      // Damaged ones are passed over.
      this.#seen = this.#isCurrent ? this.#store.lastReading() : readings.at(-1)!.id;
    }
  }

  #beginMove(): void {
    if (this.#collected.size === 0 && this.#seen === this.#progress.done) return;
    this.#moving = { pending: this.#collected, target: this.#seen, order: undefined, at: 0 };
    this.#collected = new PendingRollUps();
    this.#index.limit();
  }

  #moveSome(moving: Moving): void {
    const { pending, target } = moving;
    moving.order ??= [...pending.sensors.keys()].sort((a, b) => a.id - b.id);
    const { order } = moving;
    const { known } = this.#open();
    let { at } = moving;
    const progress = this.#isTransaction((tables) => {
      const minutes = new Set<number>();
      let rows = 0;
      const add = (series: Series, all: SeriesStatistics) => {
        const steps = all.get(series)!;
        rows += tables.add(series, steps);
        for (const minute of steps.keys()) minutes.add(minute);
      };
      for (const series of pending.regions.keys()) add(series, pending.regions);
      for (; at < order.length && rows < ROWS_AT_ONCE; at++) {
        if (!known.has(order[at]!)) tables.addSeries(order[at]!);
        add(order[at]!, pending.sensors);
      }
      tables.notePeriods(minutes, this.#store.clock.now());
      const isDone = at === order.length;
      const saved = {
        ...this.#progress,
        target,
        ...(isDone ? { done: target, series: 0 } : { series: order[at - 1]?.id ?? 0 }),
      };
      tables.saveProgress(saved);
      return saved;
    });
    this.#progress = progress;
    pending.regions.clear();
    for (const series of order.slice(moving.at, at)) {
      known.add(series);
      pending.sensors.delete(series);
    }
    moving.at = at;
    if (at === order.length) this.#moving = undefined;
  }

  #clearSome(from: number): void {
    const isCleared = this.#isTransaction((tables) => {
      if (tables.clearSome(from) > 0) return false;
      tables.restorePeriods(this.#store.clock.now());
      const rebuiltTo = this.#store.lastReading();
      tables.saveProgress({ done: 0, target: 0, series: 0, rebuiltTo, rebuiltFrom: from });
      return true;
    });
    if (isCleared) this.#load();
  }

  #isTransaction<T>(work: (tables: RollUpTables) => T): T {
    const { of: database, tables } = this.#open();
    database.exec('begin immediate');
    try {
      const result = work(tables);
      database.exec('commit');
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
  }
}

/** From when on a store has all readings that were taken, Unix milliseconds. `oldest`: the first that it has. */
function completeSince({ id, receivedAt }: StoredReading): number {
  return id === 1 ? Number.MIN_SAFE_INTEGER : Math.ceil(receivedAt / HOUR_MS) * HOUR_MS;
}
