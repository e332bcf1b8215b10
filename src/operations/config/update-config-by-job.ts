/** Changes the configuration from an edge node, with the config-updater module as a job. */
import type { HiddenBy, Progress } from '../../fleet/fleet-view.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { JobInfo, Network } from '../../network/network.js';
import { type DesiredState, effectiveConfig, type Scope } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfig, type SensorConfigField } from '../../protocol/sensor-config.js';
import { valuesOfFile } from '../../sensor-host/sensor-file.js';
import { waitForConvergence } from '../wait-for-sensors.js';
import { type ConfigTarget, knownJobs, newestSeen } from './config-target.js';
import { type FileSeen, waitUntilRead } from './edit-region-file.js';

export interface UpdaterTarget extends Pick<ConfigTarget, 'fleet'> {
  network: Network;
  /** The job sends the change to it. */
  proxy: ConfigTarget['proxies'][number];
}

export interface UpdaterRequest {
  set: SensorConfig;
  scope: Scope;
  /** Region of the node that runs the job; left out: that of the first connected edge node. */
  from?: string;
}

export interface UpdaterOptions {
  timeoutMs: number;
  onSubmit(): void;
  onProgress(progress: Progress): void;
}

export interface UpdaterResult {
  job: string;
  /** Region of the node that ran it. */
  region: string;
  /** What the scope is to do now. */
  config: SensorConfig | undefined;
  sensors: number;
  /** Those whose readings show the change. */
  converged: number;
  /** Narrower scopes that keep the change from their sensors. */
  hidden: HiddenBy[];
  seconds: number;
}

const LIST_JOBS_EVERY_MS = 1500;

/**
 * The job sends the change to the proxy. Rejects with `STATE_LOST`, `NO_NODES`, `UPDATER_FAILED`, `UPDATER_TIMEOUT` or
 * `NOT_CONVERGED`.
 */
export async function updateConfigByJob(
  { network, fleet, proxy }: UpdaterTarget,
  { set, scope, from }: UpdaterRequest,
  { timeoutMs, onSubmit, onProgress }: UpdaterOptions,
): Promise<UpdaterResult> {
  const held = await proxy.state();
  const seen = await newestSeen(fleet);
  refuseLost(proxy.url, held, seen);
  const began = Date.now();
  const region = from ?? (await anyRegion(network));
  onSubmit();
  const { jobName: job } = await network.submit({
    role: 'config-updater',
    region,
    proxyUrl: network.sensorProxyUrl(region),
    parameters: [...parametersOf(set, scope), ...(seen === undefined ? [] : [`--seen=${seen}`])],
    submissionTime: began,
  });
  const arrived = async () => (await proxy.state()).version > held.version;
  await waitForChange(network, job, arrived, timeoutMs);
  const state = await proxy.state();
  const jobs = () => knownJobs(network);
  const fields = Object.keys(set) as SensorConfigField[];
  const { sensors, change } = await waitForConvergence(fleet, state, scope, { timeoutMs, jobs, fields, onProgress });
  return {
    ...{ job, region, config: configFor(state, scope), sensors, converged: change?.converged ?? sensors },
    ...{ hidden: change?.hidden ?? [], seconds: (Date.now() - began) / 1000 },
  };
}

/** The job writes the YAML file of the region. Rejects with `NOT_OFFERED` where a job can't write files. */
export async function updateFileByJob(
  target: Omit<UpdaterTarget, 'proxy'>,
  { set, region: given }: { set: SensorConfig; region?: string },
  { timeoutMs, onProgress }: Omit<UpdaterOptions, 'onSubmit'>,
): Promise<{ file: string; job: string; region: string; seen: FileSeen }> {
  const { network } = target;
  const region = given ?? (await anyRegion(network));
  const file = network.configFile?.(region).here ?? '';
  const { jobId, jobName } = await network.submit({
    role: 'config-updater',
    region,
    proxyUrl: network.sensorProxyUrl(region),
    parameters: parametersOf(set, {}),
    configFile: file,
    submissionTime: Date.now(),
  });
  const completed = async () => (await network.jobs()).some(({ id, state }) => id === jobId && state === 'completed');
  await waitForChange(network, jobName, completed, timeoutMs);
  const values = await valuesOfFile(file);
  return { file, job: jobName, region, seen: await waitUntilRead(target, region, values, { timeoutMs, onProgress }) };
}

function refuseLost(url: string, held: DesiredState, seen: number | undefined): void {
  const lost = held.lost ?? (seen !== undefined && seen > held.version ? seen : undefined);
  if (lost === undefined) return;
  throw new AppError('STATE_LOST', `${url} has lost version ${lost}, which sensors still have`, {
    hint: 'Set every value that sensors are to keep again, with `wasm-sensors config set --replace`.',
  });
}

async function anyRegion(network: Network): Promise<string> {
  const nodes = await network.nodes();
  const node = nodes.find((one) => one.type === 'edge' && one.connected && one.unschedulable === undefined);
  if (!node) throw new AppError('NO_NODES', 'no edge node is connected');
  return node.region;
}

function parametersOf(set: SensorConfig, scope: Scope): string[] {
  const values = SENSOR_CONFIG_FIELDS.filter((field) => set[field] !== undefined);
  return [
    ...values.map((field) => `--${field.replace('_', '-')}=${set[field]}`),
    ...('region' in scope ? [`--region=${scope.region}`] : []),
    ...('hostname' in scope ? [`--hostname=${scope.hostname}`] : []),
  ];
}

function configFor(state: DesiredState, scope: Scope): SensorConfig | undefined {
  if ('hostname' in scope) return state.hosts[scope.hostname];
  return effectiveConfig(state, 'region' in scope ? scope.region : '', '');
}

/** Rejects with `UPDATER_FAILED` when an execution of the job failed, with its message. */
async function waitForChange(
  network: Network,
  jobName: string,
  changed: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  let listAt = 0;
  const look = async () => {
    if (await changed()) return true;
    if (Date.now() > listAt) {
      listAt = Date.now() + LIST_JOBS_EVERY_MS;
      refuseFailed((await network.jobs()).find(({ name }) => name === jobName));
    }
    return undefined;
  };
  if (await waitFor(look, { timeoutMs, everyMs: 100 })) return;
  throw new AppError('UPDATER_TIMEOUT', `the config-updater job changed nothing within ${timeoutMs / 1000} s`, {
    hint: 'Run `wasm-sensors status` to see its executions.',
  });
}

function refuseFailed(job: JobInfo | undefined): void {
  const failed = job?.executions.filter(({ state }) => state === 'failed') ?? [];
  if (job?.state !== 'failed' && failed.length === 0) return;
  const details = failed.map(({ node, message }) => `${node}: ${message}`);
  throw new AppError('UPDATER_FAILED', 'the config-updater job failed', {
    details: details.length > 0 ? details : [job?.message ?? ''],
    hint: 'Check that the node has the operator token and reaches the proxy.',
  });
}
