/** The fleet view of a stored puller: its checkpoint and the readings after it. */
import type { ReportedConfig } from '../protocol/sensor-config.js';
import type { SqliteStore } from '../store/sqlite/sqlite-store.js';
import { takeEndedNetwork } from './ended-network.js';
import { EventHub } from './events/event-hub.js';

/**
 * The view in a store; a store that has none begins now (Unix milliseconds). `endedNetwork`: file of
 * {@link takeEndedNetwork}. Throws `STORE_UNUSABLE`.
 */
export function restoreFleet(store: SqliteStore, now: number, endedNetwork?: string): EventHub {
  const hub = new EventHub();
  const { fleet, after } = store.loadCheckpoint();
  hub.fleet.began = store.readingsAfter(0, 1)[0]?.receivedAt ?? now;
  hub.fleet.load(fleet);
  for (const { reading, config, receivedAt } of after) {
    hub.fleet.record(reading, config === null ? undefined : (JSON.parse(config) as ReportedConfig), receivedAt);
  }
  // The clock was set back meanwhile: nobody was seen in the future.
  const ahead = hub.fleet.lastSeen - now;
  if (ahead > 0) hub.fleet.shiftTimes(-ahead);
  const save = () => store.saveCheckpoint(hub.fleet.dump());
  // Kept at once: a puller that is killed soon has seen the beginning of what is deployed from now on.
  if (fleet.began === undefined) save();
  if (endedNetwork !== undefined) {
    takeEndedNetwork(endedNetwork, ({ since, by }) => {
      hub.fleet.markSensorsStopped(since, by, by);
      save();
    });
  }
  return hub;
}
