import { Option } from 'commander';
import { waitFor } from '../../../lib/async/backoff.js';
import { AppError, systemError, usageError } from '../../../lib/errors/app-error.js';
import type { Network } from '../../../network/network.js';
import { waitForConvergence } from '../../../operations/wait-for-sensors.js';
import { effectiveConfig, type Scope } from '../../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfig } from '../../../protocol/sensor-config.js';
import { openSession, type Session } from '../../../runtime/session.js';
import { valuesOfFile } from '../../../sensor-host/file-values.js';
import type { CommandContext, CommandSpec } from '../../command.js';
import { reportFileRead } from '../../config-file.js';
import { scopeFrom, scopeOptions } from '../../config-scope.js';
import { newestSeen, TARGET_SETTINGS, targetOf } from '../../config-target.js';
import { sensorConfigFrom, sensorOptions, timeoutMs, timeoutOption } from '../../sensor-options.js';

export const deployConfigUpdater: CommandSpec = {
  name: 'deploy config-updater',
  summary: 'change the configuration from an edge node: a WASM job that asks the proxy, and ends',
  modes: ['text', 'json'],
  settings: TARGET_SETTINGS,
  options: [
    ...sensorOptions(),
    new Option('--paused [boolean]', 'whether sensors are to be silent').preset('true'),
    ...scopeOptions(),
    new Option('--file', "change the YAML file of the region's sensors instead of the fleet configuration").conflicts(
      'host',
    ),
    new Option('--from <region>', 'region of the node that runs the job (default: the first one)'),
    timeoutOption(60),
  ],
  examples: [
    "wasm-sensors deploy config-updater --color '#fefefe'",
    'wasm-sensors deploy config-updater --region eu --interval 2',
    "wasm-sensors deploy config-updater --file --region eu --color '#fefefe'",
  ],
  async action(context) {
    const { out, settings, options } = context;
    const set = sensorConfigFrom(options);
    if (Object.keys(set).length === 0)
      throw usageError('NOTHING_TO_CHANGE', 'no value was given', "For example: --color '#fefefe'");
    const session = openSession(settings);
    const network = await session.network();
    if (options.file) return changeFile(context, session, network, set);
    const { proxies, jobs } = targetOf(session, settings);
    const proxy = proxies[0]!;
    const held = await proxy.state();
    const seen = await newestSeen(session.fleet);
    const lost = held.lost ?? (seen !== undefined && seen > held.version ? seen : undefined);
    if (lost !== undefined) {
      throw new AppError('STATE_LOST', 'user', `${proxy.url} has lost version ${lost}, which sensors still have`, {
        hint: 'Set again all that sensors shall keep, with `wasm-sensors config set --replace`.',
      });
    }
    const began = Date.now();
    const region = await regionFor(network, options.from);
    const scope = scopeFrom(options);
    out.progress('submitting the config-updater');
    const { jobName } = await network.submit({
      role: 'config-updater',
      region,
      proxyUrl: network.sensorProxyUrl(region),
      parameters: [...parametersOf(set, scope), ...(seen === undefined ? [] : [`--seen=${seen}`])],
      submissionTime: began,
    });
    const timeout = timeoutMs(options);
    await changed(network, jobName, async () => (await proxy.state()).version > held.version, timeout);
    const state = await proxy.state();
    const { converged, sensors } = await waitForConvergence(session.fleet, state, scope, {
      timeoutMs: timeout,
      jobs,
      onProgress: (now) => out.progress(`${now.converged}/${now.sensors} sensors converged`),
    });
    const seconds = (Date.now() - began) / 1000;
    const config =
      'hostname' in scope
        ? state.hosts[scope.hostname]
        : effectiveConfig(state, 'region' in scope ? scope.region : '', '');
    out.result(
      { job: jobName, region, config, sensors, converged, seconds },
      () =>
        `the job on a node of ${region} changed it: ${converged}/${sensors} sensors converged in ${seconds.toFixed(1)} s`,
    );
    return 0;
  },
};

async function regionFor(network: Network, given: unknown): Promise<string> {
  if (given !== undefined) return String(given);
  const node = (await network.nodes()).find(
    ({ type, connected, unschedulable }) => type === 'edge' && connected && unschedulable === undefined,
  );
  if (!node) throw new AppError('NO_NODES', 'user', 'no edge node is connected');
  return node.region;
}

function parametersOf(set: SensorConfig, scope: Scope): string[] {
  return [
    ...SENSOR_CONFIG_FIELDS.flatMap((field) =>
      set[field] === undefined ? [] : [`--${field.replace('_', '-')}=${set[field]}`],
    ),
    ...('region' in scope ? [`--region=${scope.region}`] : []),
    ...('hostname' in scope ? [`--hostname=${scope.hostname}`] : []),
  ];
}

/** The job edits the file of its region; rejects with `NOT_OFFERED` where a job can't write files. */
async function changeFile(
  context: CommandContext,
  session: Session,
  network: Network,
  set: SensorConfig,
): Promise<number> {
  const { options } = context;
  const region = await regionFor(network, options.region ?? options.from);
  const file = network.configFile?.(region).here ?? '';
  const { jobId, jobName } = await network.submit({
    role: 'config-updater',
    region,
    proxyUrl: network.sensorProxyUrl(region),
    parameters: parametersOf(set, {}),
    configFile: file,
    submissionTime: Date.now(),
  });
  const ended = async () => (await network.jobs()).some(({ id, state }) => id === jobId && state === 'completed');
  await changed(network, jobName, ended, timeoutMs(options));
  const values = await valuesOfFile(file);
  await reportFileRead(context, session, { region, file, values }, { job: jobName, region });
  return 0;
}

/** Waits until the change is there; rejects with `UPDATER_FAILED` and the job's words when its execution failed. */
async function changed(
  network: Network,
  jobName: string,
  look: () => Promise<boolean>,
  timeout: number,
): Promise<void> {
  let nextLook = 0;
  const done = await waitFor(
    async () => {
      if (await look()) return true;
      if (Date.now() > nextLook) {
        nextLook = Date.now() + 1500;
        const job = (await network.jobs()).find(({ name }) => name === jobName);
        const failed = job?.executions.filter(({ state }) => state === 'failed') ?? [];
        if (job?.state === 'failed' || failed.length > 0) {
          throw systemError('UPDATER_FAILED', 'the config-updater job failed', {
            details:
              failed.length > 0 ? failed.map(({ node, message }) => `${node}: ${message}`) : [job?.message ?? ''],
            hint: 'Bacalhau keeps only that it failed. Usual causes: the node lacks the operator token, or the proxy is not reachable from it.',
          });
        }
      }
      return undefined;
    },
    { timeoutMs: timeout, everyMs: 100 },
  );
  if (!done)
    throw systemError('UPDATER_TIMEOUT', `the config-updater job has changed nothing in ${timeout / 1000} s`, {
      hint: '`wasm-sensors status` shows its executions.',
    });
}
