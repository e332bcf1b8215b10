/** What the fleet view shows about a sensor, a region and the whole fleet. Times are Unix milliseconds. */

import type { Scope } from '../protocol/desired-config.js';
import type { MeasuredValues } from '../protocol/measured-values.js';
import type { Reading } from '../protocol/message.js';
import type { DesiredField, ReportedConfig } from '../protocol/sensor-config.js';
import type { KnownRelay, RelayView } from './relays.js';

/**
 * - `live`: it sends.
 * - `paused`: it has reported that it is paused.
 * - `silent`: no reading for longer than its interval explains.
 * - `gone`: silent for so long that it no longer counts, or stopped on purpose.
 * - `replaced`: a newer submission or execution of its job sends from the same host.
 */
export type SensorState = 'live' | 'paused' | 'silent' | 'gone' | 'replaced';

/** Of a sensor, a region or the fleet. */
export interface ReadingTotals {
  /** Without duplicates. */
  received: number;
  duplicates: number;
  late: number;
  /** Numbers that are missing for longer than the grace time. */
  gaps: number;
  /** Of these, as reported: the sensor's memory was full. */
  dropped: number;
  /** Taken, and kept by the sensor or a relay. Of a silent one, at most. */
  waiting: number;
  /** What may have been taken before a sensor's end, and never came: no more than these. */
  unaccounted: number;
  last_seen: number;
}

/** With its newest reading; `sequence` is its highest number. */
export interface SensorView extends ReadingTotals, Omit<Reading, 'timestamp' | 'values'> {
  timestamp?: undefined;
  state: SensorState;
  /** How often it started to count from 1 again: a restarted node runs the same execution again. */
  restarts: number;
  first_seen: number;
  config: ReportedConfig | undefined;
  values?: MeasuredValues | undefined;
}

export interface RegionView extends ReadingTotals {
  region: string;
  /** The operator has cut its link (`region disconnect`). */
  cut: boolean;
  live: number;
  paused: number;
  silent: number;
  /** Readings per second over the last seconds. */
  rate: number;
  /** Shortest interval of a live or silent sensor, in milliseconds; 0 when there is none. */
  interval_ms: number;
  /** Colours of live sensors, most frequent first, at most 5. */
  colors: { color: string; sensors: number }[];
}

export interface FleetSummary {
  time: number;
  /** By region and name. */
  relays: RelayView[];
  regions: RegionView[];
  total: Omit<RegionView, 'region' | 'cut' | 'colors' | 'interval_ms'>;
  /** The parts of the fleet that this does not have, because their puller did not answer in time; left out where it has all. */
  missing?: MissingPart[];
}

/** Shards whose readings are not in an answer. */
export interface MissingPart {
  /** URL of the puller that holds them; left out where none does. */
  puller?: string;
  shards: number[];
  why: string;
}

/** What the fleet of some shards adds to the summary of all; `relays` as they were heard. */
export interface SummaryPart {
  time: number;
  regions: RegionView[];
  relays: KnownRelay[];
}

/** Ids of the jobs of the current network; `ended` are those that were stopped or have completed. */
export interface KnownJobs {
  deployed: string[];
  ended: string[];
}

/** How many of the expected sensors have reached a goal. */
export interface Progress {
  sensors: number;
  converged: number;
  /** Expected sensors that have not converged, at most {@link MAX_PENDING}. */
  pending: { hostname: string; region: string; state: SensorState }[];
  /** Sensors that are gone and not expected, because it is not known whether their jobs are deployed. */
  gone: number;
  /** As in the summary. */
  missing?: MissingPart[];
}
export const MAX_PENDING = 20;

export interface Convergence extends Progress {
  /** Newest version of the fleet configuration that any expected sensor of the whole fleet reports. */
  newest: number;
  /** How far a change of some fields in this scope shows; left out where none was asked for. */
  change?: ChangeProgress;
  /** Of a part of the fleet: when each deployed job was submitted last, as far as is known. */
  submissions?: Record<string, number>;
}

/** What becomes of a change of some fields in one scope. */
export interface ChangeProgress {
  /** Expected sensors for which this scope decides all of the fields. */
  following: number;
  /** Those of them that have converged. */
  converged: number;
  /** Narrower scopes that decide some of the fields for sensors of this scope. */
  hidden: HiddenBy[];
}

export interface HiddenBy {
  scope: Scope;
  fields: DesiredField[];
  sensors: number;
}
