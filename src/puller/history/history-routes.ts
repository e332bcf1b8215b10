/** `GET /history` (docs/history.md). */
import { Hono } from 'hono';
import { AppError } from '../../lib/errors/app-error.js';
import { httpErrorBody } from '../../lib/errors/http-error.js';
import type { History } from '../../store/history.js';
import type { ReadingsStore } from '../../store/store.js';
import { parseHistoryQuery } from './history-query.js';

/** `now`: Unix milliseconds. */
export function historyRoutes(store: Pick<ReadingsStore, 'history'> | undefined, now: () => number): Hono {
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
    const series = await store.history(range, time);
    if (!series) {
      const message = 'the puller is still rolling up what its store has';
      return c.json(httpErrorBody({ code: 'HISTORY_NOT_READY', message, hint: 'Ask again in a minute.' }), 503, {
        'retry-after': '1',
      });
    }
    return c.json({ metric, step, from, to, series } satisfies History);
  });
  return routes;
}
