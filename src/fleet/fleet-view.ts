/** What the fleet view shows: of a sensor, of a region, of all. Times are Unix milliseconds. */
import type { ReportedConfig } from '../protocol/sensor-config.js';

/**
 * `live`: it sends. `paused`: it said that it was told to be silent. `silent`: nothing has come for longer than its
 * interval explains; `gone`: for so long that it is no longer counted, or since its job was ended. `replaced`: a newer submission of its job sends
 * from the same host.
 */
export type SensorState = 'live' | 'paused' | 'silent' | 'gone' | 'replaced';

export interface SensorView {
  execution_id: string;
  job_id: string;
  hostname: string;
  region: string;
  job_submission_time: number;
  state: SensorState;
  color: string;
  icon_name: string;
  /** Highest sequence number seen. */
  sequence: number;
  /** Different readings received. */
  received: number;
  duplicates: number;
  late: number;
  /** How often it began to count from 1 again: its node was started anew and runs the same execution. */
  restarts: number;
  /** Numbers missing for longer than {@link GAP_GRACE_MS}. */
  gaps: number;
  first_seen: number;
  last_seen: number;
  config: ReportedConfig | undefined;
}

export interface RegionView {
  region: string;
  /** The operator has cut its link (`region disconnect`). */
  cut: boolean;
  live: number;
  paused: number;
  silent: number;
  /** Readings per second over the last seconds. */
  rate: number;
  received: number;
  duplicates: number;
  late: number;
  gaps: number;
  last_seen: number;
  /** Shortest interval of a sensor that should send, in milliseconds; 0 where none should. */
  interval_ms: number;
  /** Colours that live sensors show now, commonest first, at most 5. */
  colors: { color: string; sensors: number }[];
}

export interface FleetSummary {
  time: number;
  regions: RegionView[];
  total: Omit<RegionView, 'region' | 'cut' | 'colors' | 'interval_ms'>;
}

/** Jobs of the network at hand, by id. */
export interface KnownJobs {
  deployed: string[];
  ended: string[];
}

/** How many of the sensors that are to do something do it. */
export interface Progress {
  sensors: number;
  converged: number;
  /** Some of those that are not there yet, at most {@link MAX_PENDING}. */
  pending: { hostname: string; region: string; state: SensorState }[];
  /** Silent for long and not counted, for nobody said which jobs are deployed. */
  gone: number;
}
export const MAX_PENDING = 20;

export interface Convergence extends Progress {
  /** Newest version of the fleet configuration that a counted sensor of any scope reports. */
  newest: number;
}
