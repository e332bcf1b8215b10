/**
 * What `up` leaves for the next puller of its state folder when a network has ended without one: its sensors have stopped,
 * so that they are not taken for silent ones. Nobody but the puller opens its store.
 */
import { rmSync } from 'node:fs';
import { z } from 'zod';
import type { Soon } from '../lib/async/exclusive.js';
import { readIfExists, writeFileAtomic } from '../lib/fs/durable-files.js';
import { jsonOf } from '../lib/json.js';

/** Its name in the state folder. */
export const ENDED_NETWORK = 'ended-network.json';

/** Sensors that were seen at or after `since` have stopped by `by`, both Unix milliseconds. */
const endedNetworkSchema = z.object({ since: z.number(), by: z.number() });
export type EndedNetwork = z.infer<typeof endedNetworkSchema>;

/** `path`: of the file, which names one network or several that have ended one after another. */
export function noteEndedNetwork(path: string, ended: EndedNetwork): void {
  const before = read(path);
  writeFileAtomic(path, JSON.stringify({ since: Math.min(ended.since, before?.since ?? ended.since), by: ended.by }));
}

/** Calls `keep` with what the file says, and removes the file after that. */
export async function takeEndedNetwork<T>(
  path: string | undefined,
  keep: (ended: EndedNetwork | undefined) => Soon<T>,
): Promise<T> {
  const kept = await keep(path === undefined ? undefined : read(path));
  if (path !== undefined) rmSync(path, { force: true });
  return kept;
}

const read = (path: string): EndedNetwork | undefined =>
  endedNetworkSchema.safeParse(jsonOf(readIfExists(path) ?? '')).data;
