/** The events of the fleet for as long as somebody looks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetEvent } from '../fleet/fleet-events.js';
import type { FleetClient } from '../puller/fleet-client.js';

const RETRY_MS = 200;

/** `since`: Unix milliseconds. Never rejects: after a puller that was away for long, it goes on with what comes next. */
export async function followEvents(
  fleet: Pick<FleetClient, 'events'>,
  since: number,
  signal: AbortSignal,
  onEvent: (event: FleetEvent) => void,
): Promise<void> {
  for (let from = since; !signal.aborted; from = Date.now()) {
    try {
      for await (const event of fleet.events({ since: from, signal })) onEvent(event);
    } catch {
      // Or this terminal was too slow.
      await sleep(RETRY_MS);
    }
  }
}
