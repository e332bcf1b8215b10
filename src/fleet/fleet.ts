/**
 * The fleet view: a reducer from readings to what every sensor and every region does. Pure: time is always given.
 * All times are Unix milliseconds.
 */

import type { DesiredState, Scope } from '../protocol/desired-config.js';
import type { Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import { convergenceOf } from './convergence.js';
import { regionOrder, totalOf } from './fleet-totals.js';
import type { Convergence, FleetSummary, KnownJobs, SensorState, SensorView } from './fleet-view.js';
import { RateMeter } from './rate.js';
import { RegionTally } from './region-tally.js';
import { Replacement } from './replacement.js';
import { Retired, type RetiredCounts } from './retired.js';
import { arrive, gapsOf, hasEnded, isSilent, patienceOf, type Sensor } from './sensor.js';
import { type Arrival, type MissingRange, SequenceTracker } from './sequence.js';

/** A silent sensor is gone after this, and a replaced one is forgotten. */
const GONE_AFTER_MS = 600_000;
/** A sensor that was cut off may come back with its readings; its numbers are remembered this long. */
const FORGET_AFTER_MS = 86_400_000;

export interface FleetDump {
  sensors: (Omit<Sensor, 'tracker'> & { highest: number; missing: MissingRange[] })[];
  /** Counts of forgotten sensors, by region. */
  retired: Record<string, RetiredCounts>;
}

export class Fleet {
  private readonly sensors = new Map<string, Sensor>();
  private readonly succession = new Replacement();
  private readonly retired = new Retired();
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
    this.succession.heard(sensor, reading, now);
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

  /** A network has ended with all its sensors: those that were heard of since `since` send until `by` at the latest. */
  endSensors(since: number, by: number): void {
    for (const sensor of this.sensors.values()) if (sensor.lastSeen >= since) sensor.endedAt = by;
  }

  /** Everything worth keeping across a restart, as plain JSON. */
  dump(): FleetDump {
    const sensors = [...this.sensors.values()].map(({ tracker, ...sensor }) => ({
      ...sensor,
      highest: tracker.highest,
      missing: tracker.missing,
    }));
    return { sensors, retired: this.retired.dump() };
  }

  /** Takes back what {@link dump} gave; into an empty fleet. */
  load(dump: FleetDump): void {
    this.retired.load(dump.retired);
    for (const { highest, missing, ...kept } of dump.sensors) {
      const sensor: Sensor = { ...kept, tracker: new SequenceTracker() };
      sensor.tracker.highest = highest;
      sensor.tracker.missing = missing;
      this.sensors.set(sensor.reading.execution_id, sensor);
      this.succession.add(sensor);
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

  /** Every region that was ever heard of; its counts include those of sensors that are forgotten. */
  summary(now: number): FleetSummary {
    const tallies = new Map<string, RegionTally>();
    const tallyOf = (region: string): RegionTally => {
      let tally = tallies.get(region);
      if (!tally) {
        tally = new RegionTally(region, this.cut.has(region), this.rates.get(region)?.at(now) ?? 0);
        tallies.set(region, tally);
      }
      return tally;
    };
    for (const [region, counts] of this.retired) tallyOf(region).addCounts(counts);
    for (const sensor of this.sensors.values()) {
      tallyOf(sensor.reading.region).add(sensor, this.stateOf(sensor, now), now);
    }
    const regions = [...tallies.values()].map((tally) => tally.view());
    return {
      time: now,
      regions: regions.sort((a, b) => regionOrder(a.region, b.region)),
      total: totalOf(regions),
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
    const sensors = [...this.sensors.values()].map((sensor) => {
      const { reading, config } = sensor;
      return { reading, config, state: this.stateOf(sensor, now) };
    });
    return convergenceOf(sensors, desired, scope, jobs);
  }

  /** Forgets sensors of which nothing more is to be expected, but not what they have counted. */
  prune(now: number): void {
    for (const [id, sensor] of this.sensors) {
      if (now - sensor.lastSeen < (sensor.replaced ? GONE_AFTER_MS : FORGET_AFTER_MS)) continue;
      this.retired.add(sensor, now);
      this.sensors.delete(id);
      this.succession.forget(sensor);
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
    this.succession.add(sensor);
    return sensor;
  }

  private stateOf(sensor: Sensor, now: number): SensorState {
    if (sensor.replaced) return 'replaced';
    if (hasEnded(sensor)) return 'gone';
    if (sensor.config?.paused) return 'paused';
    if (!isSilent(sensor, now)) return 'live';
    if (this.succession.isOutdated(sensor)) return 'replaced';
    return now - sensor.lastSeen <= Math.max(patienceOf(sensor), GONE_AFTER_MS) ? 'silent' : 'gone';
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
      gaps: gapsOf(sensor, now),
      first_seen: sensor.firstSeen,
      last_seen: sensor.lastSeen,
      config: sensor.config,
    };
  }
}
