/** Whether the nodes of somebody's cluster forward HOSTNAME to jobs; found out by submissions. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';
import type { BacalhauClient } from '../bacalhau/bacalhau-client.js';
import { failureCodeOf } from '../bacalhau/bacalhau-failures.js';
import { toExecution } from '../bacalhau/bacalhau-mapping.js';

/** A region of one cluster. */
export interface Place {
  stateDir: string;
  api: { host: string; port: number };
  region: string;
}

/**
 * One file for each region: its nodes may have their own settings, and the first submissions of all regions run side by
 * side.
 */
const fileOf = ({ stateDir, api, region }: Place) =>
  join(stateDir, 'remote', 'forwarding', encodeURIComponent(`${api.host}:${api.port}`), encodeURIComponent(region));

const WORDS = { forwarded: true, refused: false } as const;

/** What the nodes of a region did with HOSTNAME last; undefined when nobody has tried yet. */
export function hostnameForwarded(place: Place): boolean | undefined {
  return WORDS[readIfExists(fileOf(place)) as keyof typeof WORDS];
}

export function keepHostnameForwarded(place: Place, forwarded: boolean): void {
  writeFileAtomic(fileOf(place), forwarded ? 'forwarded' : 'refused');
}

/** Bids are refused within milliseconds; the rest is patience for a slow cluster. */
const CHECKS = 6;
const PAUSE_MS = 500;

/** Whether a job was refused because of a variable; false when no node has refused it for 3 s. */
export async function wasRefused(client: BacalhauClient, jobId: string): Promise<boolean> {
  for (let check = 0; check < CHECKS; check++) {
    await sleep(PAUSE_MS);
    const executions = (await client.executions(jobId)).map(toExecution);
    const refused = executions.filter(({ message }) => failureCodeOf(message) === 'ENV_NOT_FORWARDED');
    if (refused.length > 0) return true;
  }
  return false;
}
