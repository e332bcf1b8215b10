/** Waiting until the sensors of a region do what their YAML file says. */
import { type FileRead, fileReadOf } from '../fleet/file-convergence.js';
import type { SensorConfig } from '../protocol/sensor-config.js';
import type { FleetClient } from '../puller/fleet-client.js';
import { type WaitOptions, waitForSensors } from './wait-for-sensors.js';

/** `wanted`: all that the file sets. Rejects with `NOT_CONVERGED` and the sensors that are pending. */
export function waitForFileConfig(
  fleet: FleetClient,
  region: string,
  wanted: SensorConfig,
  options: WaitOptions<FileRead>,
): Promise<FileRead> {
  const asked = {
    whom: `region ${region}`,
    done: 'have read the file',
    hint: 'The file stays as it is: they look at it every second, and show it as soon as they reach the proxy.',
  };
  return waitForSensors(
    asked,
    async (jobs) => fileReadOf((await fleet.snapshot()).sensors, region, wanted, jobs),
    options,
  );
}
