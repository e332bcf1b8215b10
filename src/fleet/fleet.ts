/**
 * The fleet view: a reducer from readings to the state of every sensor and region. Pure: the caller passes the time.
 * All times are Unix milliseconds.
 */
import { boundedLabel } from '../lib/metrics/label-counts.js';
import type { Reading } from '../protocol/message.js';
import { hostKey } from '../protocol/names.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import { convergenceOf, type Follower, type Goal } from './convergence.js';
import type { Convergence, FleetSummary, ReadingTotals, SensorState, SensorView, SummaryPart } from './fleet-view.js';
import { interner } from './interned.js';
import { readingsOf } from './ledger.js';
import { compareSensors, mergeSummaries } from './merge-parts.js';
import { addReadings, noReadings, RateMeter, RegionTally } from './region-counts.js';
import { type KnownRelay, Relays } from './relays.js';
import { Replacement } from './replacement.js';
import { timeOfSensor } from './sensor-clock.js';
import {
  isSilent,
  isStopped,
  markStopped,
  newSensorRecord,
  recordReading,
  type SensorRecord,
  shiftTimes,
  silenceLimitOf,
} from './sensor-record.js';
import { type Arrival, type MissingRange, SequenceTracker } from './sequence-tracker.js';
import { type KnownStops, StoppedJobs } from './stopped-jobs.js';

/** A silent sensor is gone, and a replaced one is forgotten, after this time. */
const GONE_AFTER_MS = 600_000;
/** A sensor that was cut off may return with old readings: its numbers are remembered this long. */
const FORGET_AFTER_MS = 86_400_000;

/** Of a host: twice as many as send at a time (`proxy/send/name-limits.ts`). Finding one among them stays fast. */
const MAX_SENSORS_OF_HOST = 64;
/** As many as a proxy knows. Each takes about 1 KB. */
const MAX_SENSORS = 100_000;

interface DumpedTracker {
  tracker?: undefined;
  first?: number;
  highest: number;
  missing: MissingRange[];
}

/** Stored as the checkpoint: names of fields must not change. */
export interface FleetDump {
  sensors: (Omit<SensorRecord, 'tracker'> & DumpedTracker)[];
  retired: Record<string, ReadingTotals>;
  /** When the view began; versions before 0.2 did not keep it. */
  began?: number;
  relays?: KnownRelay[];
  stops?: KnownStops[];
}

interface Place {
  region?: string | undefined;
  host?: string | undefined;
}

export class Fleet {
  /** When the view began; 0 = it has seen everything. */
  began = 0;
  readonly relays = new Relays();
  readonly #sensors = new Map<string, SensorRecord>();
  /** Executions by the key of their host; some may be forgotten already. */
  readonly #ofHosts = new Map<string, string[]>();
  readonly #replacement = new Replacement();
  readonly #stoppedJobs = new StoppedJobs();
  /** The readings of forgotten sensors by region, so that totals never go back. */
  readonly #forgotten = new Map<string, ReadingTotals>();
  readonly #rates = new Map<string, RateMeter>();
  readonly #cut = new Set<string>();

  /** `isNew`: the store had no such reading before; without a store its number alone tells. */
  record(reading: Reading, config: ReportedConfig | undefined, now: number, isNew = false): Arrival {
    let sensor = this.#sensors.get(reading.execution_id);
    if (!sensor) {
      sensor = this.#add(newSensorRecord(reading, now, this.began), now);
      this.#stoppedJobs.apply(sensor, reading);
    }
    const arrival = recordReading(sensor, reading, config, now, isNew);
    if (arrival === 'duplicate') return arrival;
    this.#replacement.record(sensor, reading, now);
    const rate = this.#rates.get(reading.region) ?? new RateMeter();
    rate.add(now);
    this.#rates.set(reading.region, rate);
    return arrival;
  }

  /** Of a reading that is known to have come before: in an earlier run of its sensor, too, whose numbers are forgotten. */
  countDuplicate({ execution_id: id }: Reading): void {
    const sensor = this.#sensors.get(id);
    if (sensor) sensor.duplicates++;
  }

  setRegionLink(region: string, connected: boolean): void {
    if (connected) this.#cut.delete(region);
    else this.#cut.add(region);
  }

  /** The operator stops these jobs, or has stopped them: their sensors are gone, not silent, unless they send on. */
  markJobsStopped(jobIds: string[], now: number): void {
    for (const id of jobIds) this.#stoppedJobs.note(id, now);
    for (const sensor of this.#sensors.values())
      if (jobIds.includes(sensor.reading.job_id)) markStopped(sensor, now, now, true);
  }

  /** The network stops now: sensors that were seen at or after `since` send until `by` at the latest. */
  markSensorsStopped(since: number, by: number, now: number): void {
    for (const sensor of this.#sensors.values()) if (sensor.lastSeen >= since) markStopped(sensor, now, by, false);
  }

  /**
   * The clock was set forward or back by this many milliseconds: times from `since` on move with it. What has happened
   * stays as long ago as it was, so nobody is silent, gone or forgotten because of a clock.
   */
  shiftTimes(by: number, since = Number.NEGATIVE_INFINITY): void {
    for (const sensor of this.#sensors.values()) if (sensor.lastSeen >= since) shiftTimes(sensor, by);
    if (this.began > 0 && this.began >= since) this.began += by;
    for (const counts of this.#forgotten.values()) if (counts.last_seen >= since) counts.last_seen += by;
    this.relays.shiftTimes(by, since);
    this.#stoppedJobs.shiftTimes(by, since);
    this.#rates.clear();
  }

  /**
   * Nobody was seen after `now`: a reading that arrived between a step of the clock and a kill is taken for one of now. Else
   * its sensor would stay live until the time of the wrong clock.
   */
  limitLastSeen(now: number): void {
    for (const sensor of this.#sensors.values()) if (sensor.lastSeen > now) shiftTimes(sensor, now - sensor.lastSeen);
  }

  /** When a reading arrived last; 0 when none did. */
  get lastSeen(): number {
    let last = 0;
    for (const { lastSeen } of this.#sensors.values()) last = Math.max(last, lastSeen);
    return last;
  }

  dump(): FleetDump {
    return {
      sensors: Array.from(this.#sensors.values(), dumped),
      retired: Object.fromEntries(this.#forgotten),
      ...(this.began === 0 ? {} : { began: this.began }),
      relays: this.relays.dump(),
      stops: this.#stoppedJobs.dump(),
    };
  }

  /** Restores a {@link dump} into an empty fleet. */
  load(dump: FleetDump): void {
    this.began = dump.began ?? this.began;
    this.relays.load(dump.relays);
    this.#stoppedJobs.load(dump.stops);
    // Earlier versions kept fewer counts.
    for (const [region, counts] of Object.entries(dump.retired)) {
      this.#forgotten.set(region, { ...noReadings(), ...counts });
    }
    const interned = interner();
    for (const dumped of dump.sensors) {
      const { first = 1, highest, missing } = dumped;
      const tracker = Object.assign(new SequenceTracker(), { first, highest, missing });
      // In the shape of records that came from readings: others are read ten times as slowly.
      const sensor = Object.assign(newSensorRecord(dumped.reading, dumped.firstSeen), dumped, { tracker });
      interned(sensor);
      this.#add(sensor, Number.POSITIVE_INFINITY);
    }
  }

  /** How many sensors it knows. */
  get size(): number {
    return this.#sensors.size;
  }

  /** Every sensor, sorted by region and host. */
  view(now: number): SensorView[] {
    return this.list(now).sensors;
  }

  /**
   * The sensors of a region or host, where one is named, sorted by region and host. `limit`: of more than these some that are
   * expected to send; `leftOut`: how many are not among them.
   */
  list(now: number, { region, host }: Place = {}, limit = Number.POSITIVE_INFINITY) {
    let sensors = [...this.#sensors.values()];
    if (region !== undefined) sensors = sensors.filter(({ reading }) => reading.region === region);
    if (host !== undefined) sensors = sensors.filter(({ reading }) => reading.hostname === host);
    const all = sensors.length;
    if (all > limit) sensors = sensors.filter((one) => !isEnded(this.#stateOf(one, now))).slice(0, limit);
    const views = sensors.map((sensor) => this.#viewOf(sensor, now)).sort(compareSensors);
    return { sensors: views, leftOut: all - views.length };
  }

  /** Every region that has ever sent; its counts include forgotten sensors. Beyond a limit those without sensors are one. */
  summary(now: number): FleetSummary {
    return mergeSummaries([this.part(now)], now);
  }

  /** What this fleet adds to a summary, where it is that of some shards only. */
  part(now: number): SummaryPart {
    const tallies = new Map<string, RegionTally>();
    const tallyOf = (name: string): RegionTally => {
      const known = tallies.get(name);
      if (known) return known;
      const region = boundedLabel(tallies, name);
      const tally =
        tallies.get(region) ?? new RegionTally(region, this.#cut.has(region), this.#rates.get(region)?.at(now) ?? 0);
      tallies.set(region, tally);
      return tally;
    };
    const add = (sensor: SensorRecord, state: SensorState) =>
      tallyOf(sensor.reading.region).add(sensor, state, this.#readingsOf(sensor, state, now));
    // Regions with sensors that send come first: beyond a limit the others are one.
    const ended: [SensorRecord, SensorState][] = [];
    for (const sensor of this.#sensors.values()) {
      const state = this.#stateOf(sensor, now);
      if (isEnded(state)) ended.push([sensor, state]);
      else add(sensor, state);
    }
    for (const [sensor, state] of ended) add(sensor, state);
    for (const [region, counts] of this.#forgotten) addReadings(tallyOf(region).sum, counts);
    return { time: now, regions: Array.from(tallies.values(), (tally) => tally.view()), relays: this.relays.dump() };
  }

  /** Readings per second over the last seconds. */
  rate(now: number): number {
    return [...this.#rates.values()].reduce((sum, rate) => sum + rate.at(now), 0);
  }

  /** Live and paused sensors of this submission or a newer one, by region. */
  countSince(submissionTime: number, now: number): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const sensor of this.#sensors.values()) {
      const { region, job_submission_time: submitted } = sensor.reading;
      const sends = submitted >= submissionTime && ['live', 'paused'].includes(this.#stateOf(sensor, now));
      if (sends) counts[region] = (counts[region] ?? 0) + 1;
    }
    return counts;
  }

  convergence(goal: Goal, now: number): Convergence {
    const sensors = Array.from(this.#sensors.values(), (sensor): Follower => {
      const { job_id, execution_id, hostname, region, color, icon_name, job_submission_time } = sensor.reading;
      const state = this.#stateOf(sensor, now);
      const { config } = sensor;
      return { job_id, execution_id, hostname, region, color, icon_name, job_submission_time, state, config };
    });
    return convergenceOf(sensors, goal, now);
  }

  /** Forgets sensors that are not expected to return, or are too many; their counts stay in the totals. */
  prune(now: number): void {
    for (const sensor of this.#sensors.values()) {
      const isForgotten = now - sensor.lastSeen >= (sensor.replaced ? GONE_AFTER_MS : FORGET_AFTER_MS);
      if (!isForgotten || this.#relayedSince(sensor, now) !== undefined) continue;
      this.#forget(sensor, now);
    }
    const excess = this.#sensors.size - MAX_SENSORS;
    if (excess > 0) for (const sensor of bySilence(this.#sensors.values()).slice(0, excess)) this.#forget(sensor, now);
    for (const [host, ids] of this.#ofHosts) if (!ids.some((id) => this.#sensors.has(id))) this.#ofHosts.delete(host);
    const regions = new Map<string, number>();
    for (const { reading, lastSeen } of this.#sensors.values()) {
      regions.set(reading.region, Math.max(lastSeen, regions.get(reading.region) ?? 0));
    }
    for (const region of this.#rates.keys()) if (!regions.has(region)) this.#rates.delete(region);
    this.relays.prune(now, (region) => regions.get(region) ?? 0);
  }

  #add(sensor: SensorRecord, now: number): SensorRecord {
    const { hostname, execution_id: id } = sensor.reading;
    // Where nodes do not report their names, sensors carry those of their executions.
    if (hostname !== id) this.#makeRoom(hostKey(hostname), id, now);
    this.#sensors.set(id, sensor);
    this.#replacement.add(sensor);
    return sensor;
  }

  /** Forgets the sensor of a host that was silent for longest, when it has too many. */
  #makeRoom(host: string, id: string, now: number): void {
    const ids = (this.#ofHosts.get(host) ?? []).filter((one) => this.#sensors.has(one));
    this.#ofHosts.set(host, [...ids, id]);
    if (ids.length < MAX_SENSORS_OF_HOST) return;
    const [oldest] = bySilence(ids.map((one) => this.#sensors.get(one)!));
    if (oldest) this.#forget(oldest, now);
  }

  #forget(sensor: SensorRecord, now: number): void {
    const region = boundedLabel(this.#forgotten, sensor.reading.region);
    const counts = this.#forgotten.get(region) ?? noReadings();
    // What it still kept never came.
    const { waiting, unaccounted, ...others } = this.#readingsOf(sensor, this.#stateOf(sensor, now), now);
    addReadings(counts, { ...others, waiting: 0, unaccounted: unaccounted + waiting });
    this.#forgotten.set(region, counts);
    this.#sensors.delete(sensor.reading.execution_id);
    this.#replacement.forget(sensor);
  }

  #stateOf(sensor: SensorRecord, now: number): SensorState {
    if (sensor.replaced) return 'replaced';
    if (isStopped(sensor)) return 'gone';
    if (sensor.config?.paused) return 'paused';
    if (!isSilent(sensor, now)) return 'live';
    if (sensor.isJobStopped) return 'gone';
    if (this.#replacement.isOutdated(sensor)) return 'replaced';
    const isExpected = now - sensor.lastSeen <= Math.max(silenceLimitOf(sensor), GONE_AFTER_MS);
    return isExpected || this.#relayedSince(sensor, now) !== undefined ? 'silent' : 'gone';
  }

  #readingsOf(sensor: SensorRecord, state: SensorState, now: number): ReadingTotals {
    const endedAt = isEnded(state) ? this.#endOf(sensor, state, now) : undefined;
    return readingsOf(sensor, state, { endedAt, relayedSince: this.#relayedSince(sensor, now), now });
  }

  /** By the clock of the sensor. */
  #endOf(sensor: SensorRecord, state: 'gone' | 'replaced', now: number): number {
    // One that was asked to stop may be replaced long after that.
    const isOver = isStopped(sensor) || (sensor.isJobStopped && state === 'gone');
    const stopped = isOver ? [timeOfSensor(sensor, sensor.stoppingAt ?? sensor.endedAt ?? now)] : [];
    if (state === 'gone') return Math.min(...stopped, timeOfSensor(sensor, now));
    // The proxy compares the times of sensors with that of the submission. A clock that both have may have been set back.
    const replacedAt = this.#replacement.timeOf(sensor);
    return Math.min(...stopped, Math.max(replacedAt, timeOfSensor(sensor, replacedAt)));
  }

  /** Since when readings of a sensor may be at a relay; undefined: they are not, as far as is known. */
  #relayedSince(sensor: SensorRecord, now: number): number | undefined {
    if (!this.relays.areKnown) return undefined;
    const kept = this.relays.keptSince(sensor.reading.region, now, !isStopped(sensor));
    if (kept === undefined) return undefined;
    // What is silent for longer was so before the relay kept anything.
    const since = kept - silenceLimitOf(sensor);
    return sensor.lastSeen >= since ? since : undefined;
  }

  #viewOf(sensor: SensorRecord, now: number): SensorView {
    const { reading, tracker, restarts, firstSeen, config } = sensor;
    const state = this.#stateOf(sensor, now);
    return {
      // As a whole: what is left of an object is copied twenty times as slowly.
      ...reading,
      timestamp: undefined,
      state,
      sequence: tracker.highest,
      restarts,
      ...this.#readingsOf(sensor, state, now),
      first_seen: firstSeen,
      config,
    };
  }
}

/** What is left of an object is copied ten times as slowly. */
const dumped = (sensor: SensorRecord): FleetDump['sensors'][number] => {
  const { first, highest, missing } = sensor.tracker;
  return { ...sensor, tracker: undefined, first, highest, missing };
};

const isEnded = (state: SensorState) => state === 'gone' || state === 'replaced';

/** The one that was silent for longest first. */
const bySilence = (sensors: Iterable<SensorRecord>) => [...sensors].sort((a, b) => a.lastSeen - b.lastSeen);
