/** The fleet view in the store of a puller that does not run. */
import { existsSync } from 'node:fs';
import { Hub } from './event-hub.js';
import { StoreSink } from './sinks/readings-store.js';

/**
 * Marks the sensors heard of since `since` as ended with their network, by `by` at the latest; Unix milliseconds. Throws
 * what the database does.
 */
export function markStoredSensorsStopped(storePath: string, since: number, by: number): void {
  if (!existsSync(storePath)) return;
  const store = new StoreSink(storePath);
  try {
    const hub = new Hub();
    const { fleet, after } = store.loadCheckpoint();
    hub.restore(fleet, after);
    hub.fleet.endSensors(since, by);
    store.saveCheckpoint(hub.fleet.dump());
  } finally {
    store.close();
  }
}
