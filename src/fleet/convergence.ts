/**
 * How far sensors have applied what is configured: the desired configuration, or the YAML file of their region. Only
 * expected sensors that report a configuration count.
 */
import {
  type DesiredState,
  decidingScope,
  effectiveConfig,
  inScope,
  isNarrower,
  type Scope,
  scopeText,
  shows,
} from '../protocol/desired-config.js';
import {
  type DesiredField,
  isPlausibleVersion,
  SENSOR_CONFIG_FIELDS,
  type SensorConfig,
  type SensorConfigField,
} from '../protocol/sensor-config.js';
import {
  type ChangeProgress,
  type Convergence,
  type HiddenBy,
  type KnownJobs,
  MAX_PENDING,
  type Progress,
  type SensorView,
} from './fleet-view.js';
import { compareRegions } from './region-counts.js';

/** What sensors should do, and the jobs of the network where these are known. */
export interface Goal {
  desired: DesiredState;
  scope: Scope;
  jobs?: KnownJobs | undefined;
  /** Those that a change of this scope sets or clears. */
  fields?: DesiredField[] | undefined;
  /** Where the sensors are a part of the fleet: when each deployed job was submitted last, as far as other parts know. */
  submissions?: Record<string, number> | undefined;
}

/** What counts of a sensor. */
export type Follower = Pick<
  SensorView,
  'job_id' | 'execution_id' | 'hostname' | 'region' | 'color' | 'icon_name' | 'job_submission_time' | 'state' | 'config'
>;

/** A sensor has converged when it reports the version that applies to it, or a newer one, and its readings show the values. */
export function convergenceOf(sensors: Follower[], goal: Goal, now: number): Convergence {
  const { desired, scope, jobs, fields, submissions } = goal;
  const deployed = jobs && newestSubmissions(sensors, jobs.deployed, submissions);
  const result: Convergence = { ...noProgress(), newest: 0 };
  if (deployed && submissions) result.submissions = Object.fromEntries(deployed);
  const counted: { sensor: Follower; converged: boolean }[] = [];
  for (const { sensor, isGone } of expectedOf(sensors, jobs, deployed)) {
    const { config } = sensor;
    if (!isGone && config && isPlausibleVersion(config.version, now)) {
      result.newest = Math.max(result.newest, config.version);
    }
    if (!inScope(scope, sensor)) continue;
    const wanted = effectiveConfig(desired, sensor.region, sensor.hostname);
    const converged = (config?.version ?? 0) >= wanted.version && shows(wanted, sensor);
    add(result, sensor, isGone, converged);
    if (!isGone) counted.push({ sensor, converged });
  }
  return fields ? { ...result, change: changeProgressOf(counted, desired, scope, fields) } : result;
}

/** Counts the sensors for which the scope of a change decides, and those that narrower scopes keep from it. */
function changeProgressOf(
  sensors: { sensor: Follower; converged: boolean }[],
  desired: DesiredState,
  scope: Scope,
  fields: DesiredField[],
): ChangeProgress {
  const progress: ChangeProgress = { following: 0, converged: 0, hidden: [] };
  const hidden = new Map<string, HiddenBy>();
  for (const { sensor, converged } of sensors) {
    const narrower = new Set<HiddenBy>();
    for (const field of fields) {
      const deciding = decidingScope(desired, field, sensor);
      if (!deciding || !isNarrower(deciding, scope)) continue;
      const known = hidden.get(scopeText(deciding)) ?? { scope: deciding, fields: [], sensors: 0 };
      hidden.set(scopeText(deciding), known);
      if (!known.fields.includes(field)) known.fields.push(field);
      narrower.add(known);
    }
    for (const one of narrower) one.sensors++;
    if (narrower.size > 0) continue;
    progress.following++;
    if (converged) progress.converged++;
  }
  for (const one of hidden.values()) one.fields.sort((a, b) => fields.indexOf(a) - fields.indexOf(b));
  return { ...progress, hidden: [...hidden.values()].sort((a, b) => compareScopes(a.scope, b.scope)) };
}

/** Regions first, in their usual order. */
export function compareScopes(a: Scope, b: Scope): number {
  if ('region' in a && 'region' in b) return compareRegions(a.region, b.region);
  return Number('hostname' in a) - Number('hostname' in b) || scopeText(a).localeCompare(scopeText(b));
}

export interface FileConvergence extends Progress {
  /** Values of the file that the fleet configuration overrides in at least one sensor. */
  hidden: SensorConfigField[];
}

/** `wanted`: everything that the file sets. */
export function fileConvergenceOf(
  sensors: Follower[],
  region: string,
  wanted: SensorConfig,
  jobs: KnownJobs | undefined,
): FileConvergence {
  const progress = noProgress();
  const hidden = new Set<SensorConfigField>();
  for (const { sensor, isGone } of expectedOf(sensors, jobs)) {
    if (sensor.region !== region) continue;
    add(progress, sensor, isGone, hasReadFile(sensor, wanted));
    for (const field of isGone ? [] : SENSOR_CONFIG_FIELDS) {
      if (wanted[field] !== undefined && sensor.config?.sources[field] === 'fleet') hidden.add(field);
    }
  }
  return { ...progress, hidden: SENSOR_CONFIG_FIELDS.filter((field) => hidden.has(field)) };
}

/** The sensor shows every value of the file that is not overridden, and no value that was removed from the file. */
function hasReadFile(sensor: Follower, wanted: SensorConfig): boolean {
  const { config } = sensor;
  if (config?.file !== 'ok') return false;
  const fields = SENSOR_CONFIG_FIELDS.filter((field) => config.sources[field] !== 'fleet');
  if (fields.some((field) => wanted[field] === undefined && config.sources[field] === 'file')) return false;
  const visible: SensorConfig = Object.fromEntries(fields.map((field) => [field, wanted[field]]));
  return shows(visible, sensor, 'file');
}

const noProgress = (): Progress => ({ sensors: 0, converged: 0, pending: [], gone: 0 });

function add(progress: Progress, { hostname, region, state }: Follower, isGone: boolean, converged: boolean): void {
  progress[isGone ? 'gone' : 'sensors']++;
  if (isGone) return;
  if (converged) progress.converged++;
  else if (progress.pending.length < MAX_PENDING) progress.pending.push({ hostname, region, state });
}

/**
 * The sensors that are expected to do what is configured. With `jobs`: those that send, and those of deployed jobs, however
 * long they have been silent. Without: those that send or are silent; those that are gone are given, too, but only expected
 * if their jobs are deployed. Who reports no configuration, such as a module that only sends readings, can follow none.
 */
function expectedOf(
  sensors: Follower[],
  jobs: KnownJobs | undefined,
  deployed = jobs && newestSubmissions(sensors, jobs.deployed),
): { sensor: Follower; isGone: boolean }[] {
  const stopped = new Set(jobs?.ended);
  const isExpected = ({ state, config, job_id, hostname, execution_id, job_submission_time }: Follower): boolean => {
    if (state === 'replaced' || !config || stopped.has(job_id)) return false;
    if (state === 'live') return true;
    if (deployed && !deployed.has(job_id)) return false;
    if (state !== 'gone') return true;
    // A sensor that is named by its execution may have a successor that is not recognised.
    return job_submission_time >= (deployed?.get(job_id) ?? 0) && hostname !== execution_id;
  };
  return sensors
    .filter(isExpected)
    .map((sensor) => ({ sensor, isGone: deployed === undefined && sensor.state === 'gone' }));
}

function newestSubmissions(sensors: Follower[], jobs: string[], known: Record<string, number> = {}) {
  const newest = new Map(jobs.map((job) => [job, known[job] ?? 0]));
  for (const { job_id, job_submission_time } of sensors) {
    const known = newest.get(job_id);
    if (known !== undefined) newest.set(job_id, Math.max(known, job_submission_time));
  }
  return newest;
}
