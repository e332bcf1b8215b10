/** What is asked of the whole fleet, by clients; by other pullers of the shards here alone; and what an operator says of it. */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { Turns } from '../lib/async/turns.js';
import { AppError } from '../lib/errors/app-error.js';
import { parseQuery, readJsonBody } from '../lib/errors/http-error.js';
import { type AccessLock, lockedBy } from '../lib/net/access-lock.js';
import { needsToken, tokenProblem } from '../lib/net/bearer-token.js';
import { clientGone } from '../lib/net/client-gone.js';
import { SlowReaders } from '../lib/net/slow-readers.js';
import { PEERS_PATH } from './peers/peers.js';
import { ANNOTATION, CONVERGENCE, COUNT_SINCE } from './peers/questions.js';
import type { WholeFleet } from './peers/whole-fleet.js';

/** In the query of `/events`: another puller asks, only for what the shards of this one publish. */
export const isFromPuller = (c: Context): boolean => c.req.query('own') !== undefined;

/** Other pullers need none of the lock's tokens, but the secret of the store. */
export function lockedForClients(lock: AccessLock | undefined, secret: string | undefined): MiddlewareHandler {
  const [locked, lockedForPeers] = [lockedBy(lock), needsToken(secret, 'this')];
  return (c, next) => (c.req.path === '/events' && isFromPuller(c) ? lockedForPeers(c, next) : locked(c, next));
}

const placeSchema = z.object({
  region: z.string().optional(),
  host: z.string().optional(),
  limit: z.coerce.number('must be a number').int().positive().optional(),
});

/** `token`: the operator token; without one clients may not annotate. `secret`: that of the store. */
export function fleetRoutes(
  whole: WholeFleet,
  { token, secret }: { token?: string | undefined; secret?: string | undefined },
): Hono {
  const app = new Hono();
  const slowReaders = new SlowReaders();
  // These go through the whole fleet. Pullers that ask each other do not wait for those who wait for them.
  const turns = { clients: new Turns(), pullers: new Turns() };

  async function inTurn(c: Context, who: keyof typeof turns, answer: () => Promise<object>): Promise<Response> {
    const work = async () => JSON.stringify(await answer());
    const text = await turns[who].run(clientGone(c), work);
    if (text === undefined) return c.body(null);
    slowReaders.add(c, text.length);
    return c.body(text, 200, { 'content-type': 'application/json' });
  }

  app.get('/fleet', (c) => {
    const query = parseQuery(placeSchema, c.req.query());
    return inTurn(c, 'clients', () => whole.snapshot(query));
  });
  app.get('/fleet/summary', async (c) => c.json(await whole.summary()));
  app.get('/fleet/since', (c) => {
    const { submission } = parseQuery(COUNT_SINCE.args, c.req.query());
    return inTurn(c, 'clients', () => whole.countSince(submission));
  });
  app.post('/fleet/convergence', async (c) => {
    const wanted = await readJsonBody(c, CONVERGENCE.args);
    return inTurn(c, 'clients', () => whole.reach(wanted));
  });
  app.post('/fleet/annotations', async (c) => {
    const problem = tokenProblem(c.req.header('authorization'), [token], 'noting this');
    if (problem) throw problem;
    await whole.annotate(await readJsonBody(c, ANNOTATION.args));
    return c.json({ status: 'noted' });
  });
  app.post(PEERS_PATH, needsToken(secret, 'asking as a puller'), async (c) => {
    const { question, args } = await readJsonBody(c, z.strictObject({ question: z.string(), args: z.unknown() }));
    return inTurn(c, 'pullers', async () => {
      const parts = await whole.answer(question, args);
      if (!parts) throw new AppError('BAD_REQUEST', `question: ${question} is none that is known here`);
      return { parts };
    });
  });
  return app;
}
