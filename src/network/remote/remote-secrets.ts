/** Secrets that `up` was given and other terminals need as well: in a file that only this user can read. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';

const secretsSchema = z.object({
  /** For the API. */
  credentials: z
    .union([z.object({ apiKey: z.string() }), z.object({ username: z.string(), password: z.string() })])
    .exactOptional(),
  /** Variables for sensors with their values, such as `SENSOR_TOKEN`, where they go into the job. */
  sensorEnv: z.record(z.string(), z.string()),
});
export type RemoteSecrets = z.output<typeof secretsSchema>;

const fileOf = (stateDir: string) => join(stateDir, 'remote', 'secrets.json');

export function keepSecrets(stateDir: string, secrets: RemoteSecrets): void {
  writeFileAtomic(fileOf(stateDir), JSON.stringify(secrets), 0o600);
}

export function readSecrets(stateDir: string): RemoteSecrets {
  return secretsSchema.parse(JSON.parse(readIfExists(fileOf(stateDir)) ?? '{"sensorEnv":{}}'));
}

export function forgetSecrets(stateDir: string): void {
  rmSync(fileOf(stateDir), { force: true });
}
