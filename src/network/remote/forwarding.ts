/** Which variables the nodes of somebody's cluster forward to jobs; found out once, by the first submission. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfExists, writeFileAtomic } from '../../lib/files.js';
import type { BacalhauClient } from '../bacalhau/client.js';
import { toExecution } from '../bacalhau/facts.js';
import { failureCodeOf } from '../bacalhau/failures.js';

const folderOf = (stateDir: string) => join(stateDir, 'remote', 'forwarding');
/** A file a region: its nodes may be set up as no others, and the first submissions of all regions run side by side. */
const fileOf = (stateDir: string, region: string) => join(folderOf(stateDir), encodeURIComponent(region));

/** The variables that the nodes of a region were found to forward; undefined when nobody has tried yet. */
export function readForwarding(stateDir: string, region: string): string[] | undefined {
  return readIfExists(fileOf(stateDir, region))?.split('\n').filter(Boolean);
}

export function writeForwarding(stateDir: string, region: string, names: string[]): void {
  writeFileAtomic(fileOf(stateDir, region), names.join('\n'));
}

/** For another cluster: nothing is known yet. */
export function forgetForwarding(stateDir: string): void {
  rmSync(folderOf(stateDir), { recursive: true, force: true });
}

/** Bids are refused within milliseconds; a slow cluster shall not be mistaken for a willing one. */
const LOOKS = 6;
const PAUSE_MS = 500;

/** Whether a job was refused because of a variable; false when no node has refused it for 3 s. */
export async function wasRefused(client: BacalhauClient, jobId: string): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    await sleep(PAUSE_MS);
    const executions = (await client.executions(jobId)).map(toExecution);
    const refused = executions.filter(({ message }) => failureCodeOf(message) === 'ENV_NOT_FORWARDED');
    if (refused.length > 0) return true;
  }
  return false;
}
