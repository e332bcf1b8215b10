/** The events of the fleet for as long as `up` runs, whichever puller has the part. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/settings.js';
import { AppError } from '../core/errors.js';
import type { FleetEvent } from '../core/events.js';
import type { EventQuery } from '../puller/client.js';
import { openFleet } from './session.js';

const RETRY_MS = 300;
/** As long as a node may take to fetch the image of a puller that takes the part. */
const RETRIES = 120_000 / RETRY_MS;

/**
 * A client waits some seconds for a puller that is started again; this one for a puller that takes its part, too (`deploy
 * puller`), and goes on where it was. Rejects with `PULLER_GONE` when there was none to begin with, or none came.
 */
export async function* followFleet(settings: Settings, query: EventQuery): AsyncGenerator<FleetEvent> {
  await openFleet(settings).summary();
  let since = query.since;
  for (let failures = 0; ; ) {
    const began = Date.now();
    try {
      const from = since === undefined ? {} : { since };
      for await (const event of openFleet(settings).events({ ...query, ...from })) {
        if ('received_at' in event) since = event.received_at + 1;
        yield event;
      }
    } catch (error) {
      failures = Date.now() - began > RETRY_MS ? 1 : failures + 1;
      if (!(error instanceof AppError) || error.code !== 'PULLER_GONE' || failures > RETRIES) throw error;
      // What comes while nobody listens is asked for afterwards.
      since ??= began;
      await sleep(RETRY_MS);
    }
  }
}
