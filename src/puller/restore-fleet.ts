/** The fleet view of a stored puller: its checkpoint and the readings after it. */
import { whileBusy } from '../lib/process/shutdown.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import type { ReadingsStore, StoredReading } from '../store/store.js';
import type { EndedNetwork } from './ended-network.js';
import { EventHub } from './events/event-hub.js';

const MAX_CONFIGS = 1_000;

/** The view in a store; a store that has none begins now (Unix milliseconds). Throws `STORE_UNUSABLE`. */
export async function restoreFleet(
  store: ReadingsStore,
  now: number,
  ended?: EndedNetwork,
  hub = new EventHub(),
): Promise<EventHub> {
  const { fleet, after } = await store.loadCheckpoint();
  const [first] = await store.readingsAfter(0, 1);
  hub.fleet.began = first?.receivedAt ?? now;
  whileBusy(() => hub.fleet.load(fleet));
  // Many report the same.
  const configs = new Map<string, ReportedConfig>();
  function parsed(text: string): ReportedConfig {
    const config = configs.get(text) ?? (JSON.parse(text) as ReportedConfig);
    if (configs.size < MAX_CONFIGS) configs.set(text, config);
    return config;
  }
  const record = ({ reading, config, receivedAt }: StoredReading) =>
    hub.fleet.record(reading, config === null ? undefined : parsed(config), receivedAt, true);
  if (Symbol.iterator in after) {
    whileBusy(() => {
      for (const stored of after) record(stored);
    });
  } else for await (const stored of after) record(stored);
  // The clock was set back meanwhile: nobody was seen in the future.
  const ahead = hub.fleet.lastSeen - now;
  if (ahead > 0) hub.fleet.shiftTimes(-ahead);
  if (ended) hub.fleet.markSensorsStopped(ended.since, ended.by, ended.by);
  // Kept at once: a puller that is killed soon has seen the beginning of what is deployed from now on.
  if (ended || fleet.began === undefined) await store.saveCheckpoint(hub.fleet.dump());
  return hub;
}
