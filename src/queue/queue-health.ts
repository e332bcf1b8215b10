/** Health checks of the services that use a queue: `/health` never waits for the queue, `/ready` asks it. */
import { Hono } from 'hono';
import { messageOf } from '../lib/errors/app-error.js';
import type { QueueToSend } from './queue.js';

/**
 * `GET /health`, and `GET /ready`: 503 with the reason while the queue can't be used, or while the service itself has a
 * `problem`. `facts`: what it says beside that it is ready.
 */
export function healthRoutes(
  queue: Pick<QueueToSend, 'name' | 'depth'>,
  problem: () => string | undefined = () => undefined,
  facts: () => object = () => ({}),
): Hono {
  const app = new Hono();
  app.get('/health', (c) => c.json({ status: 'healthy' }));
  app.get('/ready', async (c) => {
    const reason = problem();
    if (reason !== undefined) return c.json({ status: 'not ready', reason }, 503);
    try {
      await queue.depth();
      return c.json({ status: 'ready', queue: queue.name, ...facts() });
    } catch (error) {
      return c.json({ status: 'not ready', reason: messageOf(error) }, 503);
    }
  });
  return app;
}
