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
import type { Reading } from '../protocol/message.js';
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
  type SensorState,
  type SensorView,
} from './fleet-view.js';
import type { SensorRecord } from './sensor-record.js';

export type SensorNow = Pick<SensorRecord, 'reading' | 'config'> & { state: SensorState };

/** What sensors should do, and the jobs of the network where these are known. */
export interface Goal {
  desired: DesiredState;
  scope: Scope;
  jobs?: KnownJobs | undefined;
  /** Those that a change of this scope sets or clears. */
  fields?: DesiredField[] | undefined;
}

/** A sensor has converged when it reports the version that applies to it, or a newer one, and its readings show the values. */
export function convergenceOf(sensors: SensorNow[], { desired, scope, jobs, fields }: Goal, now: number): Convergence {
  const expectationOf = expectationsOf(
    sensors.map(({ reading }) => reading),
    jobs,
  );
  const result: Convergence = { ...noProgress(), newest: 0 };
  const change = fields && new ChangeTally(desired, scope, fields);
  for (const { reading, config, state } of sensors) {
    const expectation = expectationOf({ ...reading, config }, state);
    if (expectation === 'gone' && inScope(scope, reading)) result.gone++;
    if (expectation !== 'expected') continue;
    if (config && isPlausibleVersion(config.version, now)) result.newest = Math.max(result.newest, config.version);
    if (!inScope(scope, reading)) continue;
    const wanted = effectiveConfig(desired, reading.region, reading.hostname);
    const seen = { color: reading.color, icon: reading.icon_name, reported: config };
    const converged = (config?.version ?? 0) >= wanted.version && shows(wanted, seen);
    addSensor(result, { ...reading, state }, converged);
    change?.add(reading, converged);
  }
  return change ? { ...result, change: change.progress() } : result;
}

/** Counts the sensors for which the scope of a change decides, and those that narrower scopes keep from it. */
class ChangeTally {
  readonly #desired: DesiredState;
  readonly #scope: Scope;
  readonly #fields: DesiredField[];
  readonly #hidden = new Map<string, HiddenBy>();
  #following = 0;
  #converged = 0;

  constructor(desired: DesiredState, scope: Scope, fields: DesiredField[]) {
    this.#desired = desired;
    this.#scope = scope;
    this.#fields = fields;
  }

  add(sensor: { region: string; hostname: string }, converged: boolean): void {
    const own = new Map<string, { scope: Scope; fields: DesiredField[] }>();
    for (const field of this.#fields) {
      const scope = decidingScope(this.#desired, field, sensor);
      if (!scope || !isNarrower(scope, this.#scope)) continue;
      const name = scopeText(scope);
      own.set(name, { scope, fields: [...(own.get(name)?.fields ?? []), field] });
    }
    for (const [name, { scope, fields }] of own) {
      const known = this.#hidden.get(name) ?? { scope, fields: [], sensors: 0 };
      const all = this.#fields.filter((field) => known.fields.includes(field) || fields.includes(field));
      this.#hidden.set(name, { scope, fields: all, sensors: known.sensors + 1 });
    }
    if (own.size > 0) return;
    this.#following++;
    if (converged) this.#converged++;
  }

  progress(): ChangeProgress {
    return { following: this.#following, converged: this.#converged, hidden: [...this.#hidden.values()] };
  }
}

export interface FileConvergence extends Progress {
  /** Values of the file that the fleet configuration overrides in at least one sensor. */
  hidden: SensorConfigField[];
}

/** `wanted`: everything that the file sets. */
export function fileConvergenceOf(
  sensors: SensorView[],
  region: string,
  wanted: SensorConfig,
  jobs: KnownJobs | undefined,
): FileConvergence {
  const expectationOf = expectationsOf(sensors, jobs);
  const progress = noProgress();
  const hidden = new Set<SensorConfigField>();
  for (const sensor of sensors) {
    if (sensor.region !== region) continue;
    const expectation = expectationOf(sensor, sensor.state);
    if (expectation === 'gone') progress.gone++;
    if (expectation !== 'expected') continue;
    addSensor(progress, sensor, hasReadFile(sensor, wanted));
    for (const field of SENSOR_CONFIG_FIELDS) {
      if (wanted[field] !== undefined && sensor.config?.sources[field] === 'fleet') hidden.add(field);
    }
  }
  return { ...progress, hidden: SENSOR_CONFIG_FIELDS.filter((field) => hidden.has(field)) };
}

/** The sensor shows every value of the file that is not overridden, and no value that was removed from the file. */
function hasReadFile({ color, icon_name, config }: SensorView, wanted: SensorConfig): boolean {
  if (config?.file !== 'ok') return false;
  const fields = SENSOR_CONFIG_FIELDS.filter((field) => config.sources[field] !== 'fleet');
  if (fields.some((field) => wanted[field] === undefined && config.sources[field] === 'file')) return false;
  const visible: SensorConfig = Object.fromEntries(fields.map((field) => [field, wanted[field]]));
  return shows(visible, { color, icon: icon_name, reported: config }, 'file');
}

const noProgress = (): Progress => ({ sensors: 0, converged: 0, pending: [], gone: 0 });

function addSensor(
  progress: Progress,
  { hostname, region, state }: { hostname: string; region: string; state: SensorState },
  converged: boolean,
): void {
  progress.sensors++;
  if (converged) progress.converged++;
  else if (progress.pending.length < MAX_PENDING) progress.pending.push({ hostname, region, state });
}

type Identity = Pick<Reading, 'job_id' | 'execution_id' | 'hostname' | 'job_submission_time'>;
type Candidate = Identity & Pick<SensorView, 'config'>;

/** `gone`: expected only if its job is deployed, which is not known. */
type Expectation = 'expected' | 'gone' | 'none';

/**
 * Decides which sensors are expected to do what is configured. With `jobs`: those that send, and those of deployed jobs,
 * however long they have been silent. Without: those that send or are silent, but not those that are gone. Who reports no
 * configuration, such as a module that only sends readings, can follow none.
 */
function expectationsOf(
  sensors: Identity[],
  jobs: KnownJobs | undefined,
): (sensor: Candidate, state: SensorState) => Expectation {
  const deployed = jobs && newestSubmissions(sensors, jobs.deployed);
  const stopped = new Set(jobs?.ended);
  return ({ job_id, hostname, execution_id, job_submission_time, config }, state) => {
    if (state === 'replaced' || !config || stopped.has(job_id)) return 'none';
    if (state === 'live') return 'expected';
    if (deployed && !deployed.has(job_id)) return 'none';
    if (state !== 'gone') return 'expected';
    const isOutdated = job_submission_time < (deployed?.get(job_id) ?? 0);
    // A sensor that is named by its execution may have a successor that is not recognised.
    if (isOutdated || hostname === execution_id) return 'none';
    return deployed ? 'expected' : 'gone';
  };
}

/** The newest submission of each job that any sensor reports. */
function newestSubmissions(sensors: Identity[], jobs: string[]): Map<string, number> {
  const newest = new Map(jobs.map((job) => [job, 0]));
  for (const { job_id, job_submission_time } of sensors) {
    const known = newest.get(job_id);
    if (known !== undefined) newest.set(job_id, Math.max(known, job_submission_time));
  }
  return newest;
}
