/** Changes the YAML file of a region, by an editor or by a job, and waits until its sensors do what it sets. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Progress } from '../../fleet/fleet-view.js';
import { AppError } from '../../lib/errors/app-error.js';
import { requireRegions } from '../../network/edge-nodes.js';
import type { Network } from '../../network/network.js';
import type { SensorConfig, SensorConfigField } from '../../protocol/sensor-config.js';
import type { FleetReader } from '../../puller/fleet-client.js';
import { valuesOfFile } from '../../sensor-host/sensor-file.js';
import { waitForFileConfig } from '../wait-for-sensors.js';
import { knownJobs } from './config-target.js';

export type FileTarget = { network: Network; fleet: FleetReader };
export type FileOptions = { timeoutMs: number; onProgress(progress: Progress): void };

/** How many sensors of the region have read the file, and values of it that the fleet configuration overrides. */
export type FileSeen = { sensors: number; read: number; hidden: SensorConfigField[] };

/**
 * Resolves without `seen` when `edit` changed nothing. Rejects with `NO_SUCH_REGION`, `NOT_OFFERED`, `BAD_FILE` (the file is
 * restored, and the rejected text is kept beside it) or `NOT_CONVERGED`.
 */
export async function editConfigFile(
  target: FileTarget,
  region: string,
  { edit, ...options }: FileOptions & { edit(file: string): Promise<void> },
): Promise<{ file: string; seen?: FileSeen }> {
  const { network } = target;
  const known = (await network.nodes()).map((node) => node.region);
  requireRegions([region], known);
  const file = network.configFile?.(region).here;
  if (file === undefined) {
    throw new AppError('NOT_OFFERED', `the files of a ${network.kind} network's nodes can't be reached`, {
      hint: 'Use `wasm-sensors config set` instead.',
    });
  }
  const before = readFileSync(file, 'utf8');
  await edit(file);
  const after = readFileSync(file, 'utf8');
  if (after === before) return { file };
  const values = await usableValues(file, after, before);
  return { file, seen: await waitUntilRead(target, region, values, options) };
}

/** Waits until the sensors of the region do what its file sets. Rejects with `NOT_CONVERGED`. */
export async function waitUntilRead(
  { network, fleet }: FileTarget,
  region: string,
  values: SensorConfig,
  options: FileOptions,
): Promise<FileSeen> {
  const { sensors, converged, hidden } = await waitForFileConfig(fleet, region, values, {
    ...options,
    jobs: () => knownJobs(network),
  });
  return { sensors, read: converged, hidden };
}

async function usableValues(file: string, text: string, before: string): Promise<SensorConfig> {
  try {
    return await valuesOfFile(file);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'BAD_FILE')) throw error;
    writeFileSync(`${file}.refused`, text);
    writeFileSync(file, before);
    throw new AppError(error.code, error.message, { hint: `The file is restored; your version is ${file}.refused.` });
  }
}
