/** The fleet view of a stored puller: its checkpoint and the readings after it. */
import { existsSync } from 'node:fs';
import { EventHub } from './events/event-hub.js';
import { StoreSink } from './sinks/readings-store.js';
import { withStoreErrors } from './sinks/store-errors.js';

/** The view in a store; a store that has none begins now (Unix milliseconds). Throws `STORE_UNUSABLE`. */
export function restoreFleet(store: StoreSink, now: number): EventHub {
  const restore = () => {
    const hub = new EventHub();
    const { fleet, after } = store.loadCheckpoint();
    hub.fleet.began = store.readingsAfter(0, 1)[0]?.receivedAt ?? now;
    hub.restore(fleet, after);
    // The clock was set back meanwhile: nobody was seen in the future.
    const ahead = hub.fleet.lastSeen - now;
    if (ahead > 0) hub.fleet.shiftTimes(-ahead);
    // Kept at once: a puller that is killed soon has seen the beginning of what is deployed from now on.
    if (fleet.began === undefined) store.saveCheckpoint(hub.fleet.dump());
    return hub;
  };
  return withStoreErrors(store.path, () => store.withRepair(restore));
}

/**
 * Marks the sensors that were seen at or after `since` as stopped with their network by `by`, both Unix milliseconds.
 * For a store that no puller uses. Throws `STORE_UNUSABLE`, or another error of the database.
 */
export function markStoredSensorsStopped(path: string, since: number, by: number): void {
  if (!existsSync(path)) return;
  const store = new StoreSink(path);
  try {
    const { fleet } = restoreFleet(store, by);
    fleet.markSensorsStopped(since, by);
    store.saveCheckpoint(fleet.dump());
  } finally {
    store.close();
  }
}
