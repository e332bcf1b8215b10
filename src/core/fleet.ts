/**
 * The fleet view: a reducer from readings to what every sensor and every region does. Pure: time is always given.
 * All times are Unix milliseconds.
 */
import { convergenceOf } from './convergence.js';
import type { DesiredState, Scope } from './desired.js';
import { regionOrder, totalOf, zeroCounts } from './fleet-totals.js';
import type { Convergence, FleetSummary, KnownJobs, RegionView, SensorState, SensorView } from './fleet-view.js';
import type { Reading } from './message.js';
import { RateMeter } from './rate.js';
import { arrive, type Sensor } from './sensor.js';
import type { ReportedConfig } from './sensor-config.js';
import { type Arrival, type MissingRange, SequenceTracker } from './sequence.js';

/** Queues deliver out of order: a hole younger than this is not a gap yet. */
export const GAP_GRACE_MS = 5_000;
/** An unmentioned interval counts as this. */
const DEFAULT_INTERVAL_MS = 5_000;
/** A sensor that is late by two intervals and this much is silent. */
const SILENCE_SLACK_MS = 3_000;
/** A silent sensor is gone after this, and a replaced one is forgotten. */
const GONE_AFTER_MS = 600_000;
/** A sensor that was cut off may come back with its readings; its numbers are remembered this long. */
const FORGET_AFTER_MS = 86_400_000;

export type FleetDump = (Omit<Sensor, 'tracker'> & { highest: number; missing: MissingRange[] })[];

export class Fleet {
  private readonly sensors = new Map<string, Sensor>();
  /** The sensor that sends now, by host and job. */
  private readonly current = new Map<string, Sensor>();
  /** Newest submission heard of, by place: a silent sensor of an older one has been replaced, even by another job. */
  private readonly newest = new Map<string, number>();
  private readonly rates = new Map<string, RateMeter>();
  private readonly cut = new Set<string>();

  /** Takes a reading in; tells whether it is new, late or a duplicate. */
  observe(reading: Reading, config: ReportedConfig | undefined, now: number): Arrival {
    let sensor = this.sensors.get(reading.execution_id);
    if (!sensor) sensor = this.add(reading, now);
    const arrival = arrive(sensor, reading, now);
    if (arrival === 'duplicate') {
      sensor.duplicates++;
      return arrival;
    }
    sensor.received++;
    if (arrival === 'late') sensor.late++;
    if (reading.sequence === sensor.tracker.highest && reading.timestamp >= sensor.beganAt) {
      sensor.newestTimestamp = reading.timestamp;
      sensor.reading = reading;
      if (config) sensor.config = config;
    }
    sensor.lastSeen = Math.max(sensor.lastSeen, now);
    let rate = this.rates.get(reading.region);
    if (!rate) this.rates.set(reading.region, (rate = new RateMeter()));
    rate.add(now);
    return arrival;
  }

  /** The operator has cut a region's link, or restored it: its silence has a reason. */
  setRegionLink(region: string, connected: boolean): void {
    connected ? this.cut.delete(region) : this.cut.add(region);
  }

  /** The operator has ended these jobs: their sensors are not silent but gone, unless one still sends. */
  endJobs(jobIds: string[], now: number): void {
    for (const sensor of this.sensors.values()) if (jobIds.includes(sensor.reading.job_id)) sensor.endedAt = now;
  }

  /** Everything worth keeping across a restart, as plain JSON. */
  dump(): FleetDump {
    return [...this.sensors.values()].map(({ tracker, ...sensor }) => ({
      ...sensor,
      highest: tracker.highest,
      missing: tracker.missing,
    }));
  }

  /** Takes back what {@link dump} gave; into an empty fleet. */
  load(dump: FleetDump): void {
    for (const { highest, missing, ...kept } of dump) {
      const sensor: Sensor = { ...kept, tracker: new SequenceTracker() };
      sensor.tracker.highest = highest;
      sensor.tracker.missing = missing;
      this.sensors.set(sensor.reading.execution_id, sensor);
      this.remember(sensor.reading);
      if (!sensor.replaced) this.current.set(hostKey(sensor.reading), sensor);
    }
  }

  /** Every sensor, sorted by region and host. */
  view(now: number): SensorView[] {
    return [...this.sensors.values()]
      .map((sensor) => this.viewOf(sensor, now))
      .sort(
        (a, b) =>
          a.region.localeCompare(b.region) || a.hostname.localeCompare(b.hostname) || a.first_seen - b.first_seen,
      );
  }

  summary(now: number): FleetSummary {
    const regions = new Map<string, RegionView>();
    const colors = new Map<string, Map<string, number>>();
    for (const sensor of this.sensors.values()) {
      const { region, color } = sensor.reading;
      let view = regions.get(region);
      if (!view) {
        regions.set(
          region,
          (view = {
            ...zeroCounts(),
            region,
            cut: this.cut.has(region),
            rate: this.rates.get(region)?.at(now) ?? 0,
            interval_ms: 0,
            colors: [],
          }),
        );
        colors.set(region, new Map());
      }
      const state = this.stateOf(sensor, now);
      if (state !== 'replaced' && state !== 'gone') view[state]++;
      if (state === 'live' || state === 'silent') {
        view.interval_ms = Math.min(view.interval_ms || Number.POSITIVE_INFINITY, intervalOf(sensor));
      }
      if (state === 'live') colors.get(region)!.set(color, (colors.get(region)!.get(color) ?? 0) + 1);
      view.received += sensor.received;
      view.duplicates += sensor.duplicates;
      view.late += sensor.late;
      view.gaps += sensor.tracker.missingSince(now - GAP_GRACE_MS);
      view.last_seen = Math.max(view.last_seen, sensor.lastSeen);
    }
    for (const view of regions.values()) {
      view.colors = [...colors.get(view.region)!]
        .map(([color, sensors]) => ({ color, sensors }))
        .sort((a, b) => b.sensors - a.sensors)
        .slice(0, 5);
    }
    return {
      time: now,
      regions: [...regions.values()].sort((a, b) => regionOrder(a.region, b.region)),
      total: totalOf(regions.values()),
    };
  }

  /** Live and paused sensors by region, of this submission or a newer one. */
  countSince(submissionTime: number, now: number): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const sensor of this.sensors.values()) {
      const state = this.stateOf(sensor, now);
      if ((state !== 'live' && state !== 'paused') || sensor.reading.job_submission_time < submissionTime) continue;
      counts[sensor.reading.region] = (counts[sensor.reading.region] ?? 0) + 1;
    }
    return counts;
  }

  /** How far the sensors of a scope do what is desired (`convergence.ts`). */
  convergence(desired: DesiredState, scope: Scope, now: number, jobs?: KnownJobs): Convergence {
    const sensors = [...this.sensors.values()].map((sensor) => ({ ...sensor, state: this.stateOf(sensor, now) }));
    return convergenceOf(sensors, desired, scope, jobs);
  }

  /** Forgets sensors of which nothing more is to be expected. */
  prune(now: number): void {
    for (const [id, sensor] of this.sensors) {
      if (now - sensor.lastSeen < (sensor.replaced ? GONE_AFTER_MS : FORGET_AFTER_MS)) continue;
      this.sensors.delete(id);
      const key = hostKey(sensor.reading);
      if (this.current.get(key) === sensor) {
        this.current.delete(key);
        this.newest.delete(placeOf(sensor.reading));
      }
    }
  }

  private add(reading: Reading, now: number): Sensor {
    const sensor: Sensor = {
      reading,
      tracker: new SequenceTracker(),
      received: 0,
      duplicates: 0,
      late: 0,
      restarts: 0,
      newestTimestamp: '',
      beganAt: '',
      firstSeen: now,
      lastSeen: now,
      config: undefined,
      replaced: false,
    };
    this.sensors.set(reading.execution_id, sensor);
    this.remember(reading);
    const key = hostKey(reading);
    const before = this.current.get(key);
    // A late reading of an old submission must not take the place of the new one.
    if (before && before.reading.job_submission_time > reading.job_submission_time) sensor.replaced = true;
    else {
      if (before) before.replaced = true;
      this.current.set(key, sensor);
    }
    return sensor;
  }

  private remember(reading: Reading): void {
    const place = placeOf(reading);
    this.newest.set(place, Math.max(reading.job_submission_time, this.newest.get(place) ?? 0));
  }

  private stateOf(sensor: Sensor, now: number): SensorState {
    if (sensor.replaced) return 'replaced';
    if (sensor.endedAt !== undefined && sensor.lastSeen <= sensor.endedAt) return 'gone';
    if (sensor.config?.paused) return 'paused';
    const allowed = 2 * intervalOf(sensor) + SILENCE_SLACK_MS;
    const silence = now - sensor.lastSeen;
    if (silence <= allowed) return 'live';
    if (sensor.reading.job_submission_time < (this.newest.get(placeOf(sensor.reading)) ?? 0)) return 'replaced';
    return silence <= Math.max(allowed, GONE_AFTER_MS) ? 'silent' : 'gone';
  }

  private viewOf(sensor: Sensor, now: number): SensorView {
    const { reading } = sensor;
    return {
      execution_id: reading.execution_id,
      job_id: reading.job_id,
      hostname: reading.hostname,
      region: reading.region,
      job_submission_time: reading.job_submission_time,
      state: this.stateOf(sensor, now),
      color: reading.color,
      icon_name: reading.icon_name,
      sequence: sensor.tracker.highest,
      received: sensor.received,
      duplicates: sensor.duplicates,
      late: sensor.late,
      restarts: sensor.restarts,
      gaps: sensor.tracker.missingSince(now - GAP_GRACE_MS),
      first_seen: sensor.firstSeen,
      last_seen: sensor.lastSeen,
      config: sensor.config,
    };
  }
}

const intervalOf = (sensor: Sensor): number => sensor.config?.intervalMs ?? DEFAULT_INTERVAL_MS;

/** Where nodes don't tell their names, a sensor has that of its execution, and its successor only the job in common. */
const placeOf = ({ hostname, execution_id, job_id }: Reading) => (hostname === execution_id ? job_id : hostname);

/** Host and job. What was deployed has one job a region, whose id may change; what was submitted by hand only has its id. */
const hostKey = ({ hostname, job_submission_time: time, job_id, region }: Reading) =>
  `${hostname}\n${time === 0 ? job_id : region}`;
