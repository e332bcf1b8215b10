/** Health checks of the services that use a queue: `/health` never waits for the queue, `/ready` asks it. */
import { Hono } from 'hono';
import { messageOf } from '../lib/errors/app-error.js';
import type { Queue } from './queue.js';

/** `GET /health`, and `GET /ready`: 503 with the reason while the queue can't be used. */
export function healthRoutes(queue: Queue): Hono {
  const app = new Hono();
  app.get('/health', (c) => c.json({ status: 'healthy' }));
  app.get('/ready', async (c) => {
    try {
      await queue.check();
      return c.json({ status: 'ready', queue: queue.name });
    } catch (error) {
      return c.json({ status: 'not ready', reason: messageOf(error) }, 503);
    }
  });
  return app;
}
