/** `GET /history` (docs/history.md). */
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { AppError } from '../../lib/errors/app-error.js';
import { httpErrorBody } from '../../lib/errors/http-error.js';
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
    const isRaw = step % MINUTE_MS !== 0;
    if (!isRaw && !(await becomesCurrent(rollUps))) {
      const message = 'the puller is still rolling up what its store has';
      return c.json(httpErrorBody({ code: 'HISTORY_NOT_READY', message, hint: 'Ask again in a minute.' }), 503, {
        'retry-after': '1',
      });
    }
    const series = await rollUps.whileStill(() =>
      isRaw ? rawHistory(store, range, time) : rolledUpHistory(rollUps, store.database, range, time),
    );
    return c.json({ metric, step, from, to, series } satisfies History);
  });
  return routes;
}

async function becomesCurrent(rollUps: RollUps): Promise<boolean> {
  for (const end = performance.now() + WAIT_MS; !rollUps.isCurrent; ) {
    if (performance.now() > end) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}
