/** `GET /history` (docs/history.md). */
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { AppError } from '../../lib/errors/app-error.js';
import type { StoreSink } from '../sinks/readings-store.js';
import { type History, MINUTE_MS } from './history.js';
import { parseHistoryQuery } from './history-query.js';
import { rawHistory } from './raw-history.js';
import type { RollUps } from './roll-ups.js';
import { rolledUpHistory } from './rolled-up-history.js';

/** Where history comes from. */
export interface HistorySource {
  store: StoreSink;
  rollUps: RollUps;
}

/** After a start the newest readings are read again first: a few seconds after a crash, longer for a store of an older version. */
const WAIT_MS = 5_000;
const LOOK_EVERY_MS = 20;

/** `now`: Unix milliseconds. */
export function historyRoutes(source: HistorySource | undefined, now: () => number): Hono {
  const routes = new Hono();
  routes.get('/history', async (c) => {
    const time = now();
    const range = parseHistoryQuery(new URL(c.req.url).searchParams, time);
    if (!source) {
      throw new AppError('NO_HISTORY', 'this puller keeps no readings, so there is no history', {
        hint: 'Start it with the sink `store` in `--sinks`.',
      });
    }
    const { store, rollUps } = source;
    const { metric, step, from, to } = range;
    if (step % MINUTE_MS !== 0) {
      return c.json({ metric, step, from, to, series: await rawHistory(store, range, time) } satisfies History);
    }
    await waitUntilCurrent(rollUps);
    const series = await rolledUpHistory(rollUps, store.database, range, time);
    return c.json({ metric, step, from, to, series } satisfies History);
  });
  return routes;
}

async function waitUntilCurrent(rollUps: RollUps): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (!rollUps.isCurrent) {
    if (performance.now() > end) {
      throw new AppError('HISTORY_NOT_READY', 'the puller is still reading what its store has', {
        hint: 'Ask again in a minute.',
      });
    }
    await sleep(LOOK_EVERY_MS);
  }
}
