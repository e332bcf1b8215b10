/**
 * New sensors after a node was started again. By itself Bacalhau runs the executions of before once more, under their
 * old ids: with sequence numbers from 1 on, new readings would look like repeated ones.
 */
import { waitFor } from '../../lib/backoff.js';
import type { BacalhauClient } from '../bacalhau/client.js';
import { isOurs, isOver, startAgain } from '../bacalhau/submit.js';

const CONNECTED_MS = 60_000;

/**
 * Waits for the node, then makes a new version of each publisher that runs on it. The region's other nodes get new
 * sensors, too: Bacalhau replaces the executions of a whole job. Gives the names of the jobs.
 */
export async function newSensors(
  client: BacalhauClient,
  { node, region, stateDir, signal }: { node: string; region: string; stateDir: string; signal: AbortSignal },
): Promise<string[]> {
  const connected = async () => {
    const found = (await client.nodes()).find(({ Info }) => Info.NodeID === node);
    return found?.ConnectionState.Status === 'CONNECTED' || undefined;
  };
  if (!(await waitFor(connected, { timeoutMs: CONNECTED_MS, everyMs: 500, signal }))) return [];
  const names = ['publisher', `publisher-${region}`];
  const jobs = (await client.jobs()).filter((job) => isOurs(job) && !isOver(job) && names.includes(job.Name));
  for (const job of jobs) await startAgain(job, { client, stateDir });
  return jobs.map(({ Name }) => Name);
}
