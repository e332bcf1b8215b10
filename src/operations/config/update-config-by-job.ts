/** Changes the configuration from an edge node, with the config-updater module as a job. */
import { configFlags } from '../../jobs/job-task.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { Network } from '../../network/network.js';
import type { Scope } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfig } from '../../protocol/sensor-config.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';
import { valuesOfFile } from '../../sensor-host/sensor-file.js';
import { waitForConvergence } from '../wait-for-sensors.js';
import { knownJobs, newestSeen } from './config-target.js';
import { type FileOptions, type FileSeen, type FileTarget, waitUntilRead } from './edit-region-file.js';

const LIST_JOBS_EVERY_MS = 1500;

/**
 * The job sends the change to the proxy. `from`: region of the node that runs it; left out: that of the first connected edge
 * node. Resolves with it, and with how many sensors show the change. Rejects with `STATE_LOST`, `NO_NODES`, `UPDATER_FAILED`, `UPDATER_TIMEOUT` or
 * `NOT_CONVERGED`.
 */
export async function updateConfigByJob(
  { network, fleet, proxy }: FileTarget & { proxy: ProxyClient },
  { set, scope, from }: { set: SensorConfig; scope: Scope; from?: string | undefined },
  { timeoutMs, onProgress }: FileOptions,
) {
  const began = Date.now();
  const held = await proxy.state();
  const seen = await newestSeen(fleet);
  const lost = held.lost ?? (seen !== undefined && seen > held.version ? seen : undefined);
  if (lost !== undefined) {
    throw new AppError('STATE_LOST', `${proxy.url} has lost version ${lost}, which sensors still have`, {
      hint: 'Set every value that sensors are to keep again, with `wasm-sensors config set --replace`.',
    });
  }
  const region = from ?? (await anyRegion(network));
  const given = Object.entries(scope).map(([name, value]) => `--${name}=${value}`);
  const parameters = [...configFlags(set), ...given, ...(seen === undefined ? [] : [`--seen=${seen}`])];
  const arrived = async () => (await proxy.state()).version > held.version;
  const job = await runUpdater(network, { region, parameters, timeoutMs }, arrived);
  const { sensors, converged, change } = await waitForConvergence(fleet, await proxy.state(), scope, {
    timeoutMs,
    jobs: () => knownJobs(network),
    fields: SENSOR_CONFIG_FIELDS.filter((field) => set[field] !== undefined),
    onProgress,
  });
  const seconds = (Date.now() - began) / 1000;
  const { hidden = [] } = change ?? {};
  return { job, region, sensors, converged: change?.converged ?? converged, hidden, seconds };
}

/** The job writes the YAML file of the region. Rejects with `NOT_OFFERED` where a job can't write files. */
export async function updateFileByJob(
  target: FileTarget,
  { set, region: given }: { set: SensorConfig; region: string | undefined },
  options: FileOptions,
): Promise<{ file: string; job: string; region: string; seen: FileSeen }> {
  const { network } = target;
  const region = given ?? (await anyRegion(network));
  const file = network.configFile?.(region).here ?? '';
  const request = { region, parameters: configFlags(set), configFile: file, timeoutMs: options.timeoutMs };
  const completed = async (jobId: string) =>
    (await network.jobs()).some(({ id, state }) => id === jobId && state === 'completed');
  const job = await runUpdater(network, request, completed);
  return { file, job, region, seen: await waitUntilRead(target, region, await valuesOfFile(file), options) };
}

async function anyRegion(network: Network): Promise<string> {
  const nodes = await network.nodes();
  const node = nodes.find((one) => one.type === 'edge' && one.connected && one.unschedulable === undefined);
  if (!node) throw new AppError('NO_NODES', 'no edge node is connected');
  return node.region;
}

/** Resolves with the name of the job once it has changed something. Rejects with the message of an execution that failed. */
async function runUpdater(
  network: Network,
  { timeoutMs, ...request }: { region: string; parameters: string[]; configFile?: string; timeoutMs: number },
  changed: (jobId: string) => Promise<boolean>,
): Promise<string> {
  const { jobId, jobName } = await network.submit({
    role: 'config-updater',
    proxyUrl: (network.proxyUrlOf ?? network.sensorProxyUrl)(request.region),
    submissionTime: Date.now(),
    ...request,
  });
  let listAt = 0;
  const check = async () => {
    if (await changed(jobId)) return true;
    if (Date.now() > listAt) {
      listAt = Date.now() + LIST_JOBS_EVERY_MS;
      const job = (await network.jobs()).find(({ name }) => name === jobName);
      const failed = job?.executions.filter(({ state }) => state === 'failed') ?? [];
      if (job?.state === 'failed' || failed.length > 0) {
        const details = failed.map(({ node, message }) => `${node}: ${message}`);
        throw new AppError('UPDATER_FAILED', 'the config-updater job failed', {
          details: details.length > 0 ? details : [job?.message ?? ''],
          hint: 'Check that the node has the operator token and reaches the proxy.',
        });
      }
    }
    return undefined;
  };
  if (await waitFor(check, { timeoutMs, everyMs: 100 })) return jobName;
  throw new AppError('UPDATER_TIMEOUT', `the config-updater job changed nothing within ${timeoutMs / 1000} s`, {
    hint: 'Run `wasm-sensors status` to see its executions.',
  });
}
