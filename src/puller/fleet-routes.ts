/** What is asked of the whole fleet, or of the shards of this puller alone, by another one; and what an operator says of it. */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { Turns } from '../lib/async/turns.js';
import { parseQuery, readJsonBody } from '../lib/errors/http-error.js';
import { type AccessLock, lockedBy } from '../lib/net/access-lock.js';
import { tokenProblem } from '../lib/net/bearer-token.js';
import { clientGone } from '../lib/net/client-gone.js';
import { SlowReaders } from '../lib/net/slow-readers.js';
import { desiredFieldSchema, desiredStateSchema, type ScopeConfig, scopeSchema } from '../protocol/desired-config.js';
import { OWN, type OwnAnswer, type PeerAnswers, type Question } from './peers/peers.js';
import { convergenceQuestion, countQuestion, snapshotQuestion, type WholeFleet } from './peers/whole-fleet.js';

/** The proxy has checked it, with what may be thousands of hosts: here only its form counts. */
const configs = z.record(
  z.string(),
  z.custom<ScopeConfig>(
    (config) =>
      typeof config === 'object' && config !== null && 'version' in config && Number.isInteger(config.version),
    'must be a configuration with its version',
  ),
);

/**
 * Body of `POST /fleet/convergence`: the desired state of the proxy, the scope, the jobs of the network, the fields that a
 * change sets or clears; and when jobs were submitted last, as another puller knows it.
 */
const convergenceSchema = z.strictObject({
  state: desiredStateSchema.extend({ regions: configs, hosts: configs }),
  scope: scopeSchema,
  jobs: z.strictObject({ deployed: z.array(z.string()), ended: z.array(z.string()) }).optional(),
  fields: z.array(desiredFieldSchema).optional(),
  submissions: z.record(z.string(), z.number()).optional(),
});

/**
 * Body of `POST /fleet/annotations`: what the operator did on purpose, so that the fleet view shows no failure. A region
 * was cut or restored; jobs were stopped; or the network stops, and with it every sensor seen since `since`, whose last
 * readings are taken before `by` (Unix milliseconds).
 */
const annotationSchema = z.union([
  z.strictObject({ region: z.string(), connected: z.boolean() }),
  z.strictObject({ endedJobs: z.array(z.string()) }),
  z.strictObject({ networkEnds: z.strictObject({ since: z.number(), by: z.number() }) }),
]);
export type Annotation = z.infer<typeof annotationSchema>;

const sinceSchema = z.object({ submission: z.coerce.number('must be Unix milliseconds') });

/** Whether another puller asks. */
export const isFromPuller = (c: Context): boolean => c.req.query(OWN) !== undefined;

/** What one asks for its own shards alone, so that nothing else is answered to it. */
const FOR_PULLERS = new Set([
  '/stats',
  '/events',
  '/fleet',
  '/fleet/summary',
  '/fleet/since',
  '/fleet/convergence',
  '/fleet/annotations',
]);

/** Whether it is one of the same store. */
const isPeer = (c: Context, secret: string | undefined): boolean =>
  isFromPuller(c) &&
  FOR_PULLERS.has(c.req.path) &&
  tokenProblem(c.req.header('authorization'), [secret], 'this') === undefined;

/** Other pullers need none of the lock's tokens, but the secret of the store. */
export function lockedForClients(lock: AccessLock | undefined, secret: string | undefined): MiddlewareHandler {
  const locked = lockedBy(lock);
  return (c, next) => (isPeer(c, secret) ? next() : locked(c, next));
}

/** `token`: the operator token; without one clients may not annotate. `secret`: that of the store. */
export function fleetRoutes(
  whole: WholeFleet,
  { token, secret }: { token?: string | undefined; secret?: string | undefined },
): Hono {
  const app = new Hono();
  const slowReaders = new SlowReaders();
  // These go through the whole fleet. Pullers that ask each other do not wait for those who wait for them.
  const turns = { clients: new Turns(), pullers: new Turns() };

  async function inTurn(c: Context, answer: () => object | Promise<object>): Promise<Response> {
    const { clients, pullers } = turns;
    const work = async () => JSON.stringify(await answer());
    const text = await (isFromPuller(c) ? pullers : clients).run(clientGone(c), work);
    if (text === undefined) return c.body(null);
    slowReaders.add(c, text.length);
    return c.body(text, 200, { 'content-type': 'application/json' });
  }

  /** `merge`: makes the answer to a client of what all say. */
  async function respond<T>(c: Context, question: Question<T>, merge: (answers: PeerAnswers<T>) => object) {
    if (isFromPuller(c)) return inTurn(c, () => ({ parts: whole.peers.own(question) }) satisfies OwnAnswer<T>);
    const answers = await whole.peers.ask<T>(question);
    return inTurn(c, () => merge(answers));
  }

  app.get('/fleet', (c) => {
    const { region, host } = c.req.query();
    const question = snapshotQuestion({ region, host });
    return respond(c, question, (answers) => whole.snapshotOf(question, answers));
  });
  app.get('/fleet/summary', async (c) => {
    return c.json(isFromPuller(c) ? { parts: whole.peers.own(whole.shardParts) } : await whole.summary());
  });
  app.get('/fleet/since', (c) => {
    const question = countQuestion(parseQuery(sinceSchema, c.req.query()).submission);
    return respond(c, question, (answers) => whole.countSinceOf(question, answers));
  });
  app.post('/fleet/convergence', async (c) => {
    const { state: desired, ...rest } = await readJsonBody(c, convergenceSchema);
    const goal = { desired, ...rest };
    if (isFromPuller(c)) return inTurn(c, () => ({ parts: whole.peers.own(convergenceQuestion(goal)) }));
    return inTurn(c, () => whole.reach(goal));
  });
  app.post('/fleet/annotations', async (c) => {
    const problem = tokenProblem(c.req.header('authorization'), [token], 'noting this');
    if (problem && !isPeer(c, secret)) throw problem;
    const annotation = await readJsonBody(c, annotationSchema);
    if (isFromPuller(c)) {
      await whole.annotateOwn(annotation);
      return c.json({ parts: [] } satisfies OwnAnswer<object>);
    }
    await whole.annotate(annotation);
    return c.json({ status: 'noted' });
  });
  return app;
}
