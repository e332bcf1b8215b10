/** `GET /history` (docs/history.md). */
import { Hono } from 'hono';
import { AppError } from '../../lib/errors/app-error.js';
import type { StoreSink } from '../sinks/readings-store.js';
import type { History } from './history.js';
import { parseHistoryQuery } from './history-query.js';
import { rawHistory } from './raw-history.js';

/** `now`: Unix milliseconds. */
export function historyRoutes(store: StoreSink | undefined, now: () => number): Hono {
  const routes = new Hono();
  routes.get('/history', async (c) => {
    const time = now();
    const range = parseHistoryQuery(new URL(c.req.url).searchParams, time);
    if (!store) {
      throw new AppError('NO_HISTORY', 'this puller keeps no readings, so there is no history', {
        hint: 'Start it with the sink `store` in `--sinks`.',
      });
    }
    const { metric, step, from, to } = range;
    return c.json({ metric, step, from, to, series: await rawHistory(store, range, time) } satisfies History);
  });
  return routes;
}
