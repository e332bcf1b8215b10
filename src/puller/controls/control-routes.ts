/**
 * What the page asks and changes beside the fleet view: effective configuration, dead letters, changes of the
 * configuration, cuts. Reading needs what every reading needs; changes need the operator (docs/protocol.md).
 */
import { once } from 'node:events';
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { Turns } from '../../lib/async/turns.js';
import { AppError } from '../../lib/errors/app-error.js';
import { httpErrorBody, knownError, readJsonBody } from '../../lib/errors/http-error.js';
import type { OperatorSessions } from '../../lib/net/access-lock.js';
import { clientGone } from '../../lib/net/client-gone.js';
import { type ControlsView, configChangeSchema, type FleetControls, type Report } from './fleet-controls.js';

export interface ControlRoutesDeps {
  /** Left out: nothing can be asked or changed from here. */
  controls: FleetControls | undefined;
  /** Left out: there is no operator token, so that nobody may change anything. */
  operator: OperatorSessions | undefined;
  /** Aborted when the process stops: the answer ends, and the operation is not waited for. */
  closed: AbortSignal;
  /** Takes the stack of a bug. */
  log(text: string): void;
}

const linkSchema = z.strictObject({ connected: z.boolean() });

export function controlRoutes({ controls, operator, ...options }: ControlRoutesDeps): Hono {
  const app = new Hono();

  app.get('/controls', async (c) => {
    const offers = (await controls?.offers()) ?? { config: false, links: false };
    const view = { operator: operator?.isSignedIn(c, Date.now()) ?? false, signIn: operator !== undefined };
    c.header('cache-control', 'no-store');
    return c.json({ ...view, ...offers } satisfies ControlsView);
  });

  const turns = new Turns();
  app.get('/fleet/config', async (c) => {
    const { region, host: hostname } = c.req.query();
    const place = { region: region || undefined, hostname: hostname || undefined };
    const found = await turns.run(clientGone(c), () => offered().readConfig(place));
    return found ? c.json(found) : c.body(null);
  });

  app.get('/fleet/dead-letters', async (c) => c.json(await offered().deadLetters()));

  app.use('/controls/*', async (c, next) => {
    const problem = operator
      ? operator.problemOf(c, Date.now())
      : new AppError('NOT_ALLOWED', 'changes are switched off here: no operator token was set');
    if (problem) throw problem;
    await next();
  });

  app.post('/controls/config', async (c) => {
    const change = await readJsonBody(c, configChangeSchema);
    if (Object.keys(change.set).length + change.unset.length === 0) {
      throw new AppError('NOTHING_TO_CHANGE', 'set and unset are empty');
    }
    const target = offered();
    return operationStream(c, options, (report) => target.changeConfig(change, report));
  });

  app.put('/controls/regions/:region', async (c) => {
    const { connected } = await readJsonBody(c, linkSchema);
    const region = c.req.param('region');
    const target = offered();
    return operationStream(c, options, (report) => target.setRegionLink(region, connected, report));
  });

  function offered(): FleetControls {
    if (controls) return controls;
    throw new AppError('NOT_OFFERED', 'this puller knows no proxy and no `up`', {
      hint: 'Use the commands in a terminal.',
    });
  }
  return app;
}

/**
 * The answer to a request that takes long: a JSON document a line. First how far it is, `{"progress":{"done":1,"of":3}}`,
 * and at the end `{"result":…}` or `{"error":{"code",…}}`. The status is 200 before the outcome is known. A client that
 * leaves does not end the operation: what was begun is done.
 */
function operationStream(
  c: Context,
  { closed, log }: Pick<ControlRoutesDeps, 'closed' | 'log'>,
  operation: (report: Report) => Promise<object>,
): Response {
  c.header('content-type', 'application/x-ndjson');
  c.header('cache-control', 'no-store');
  return stream(c, async (lines) => {
    let last = '';
    const report: Report = (progress) => {
      const line = JSON.stringify({ progress });
      if (line !== last) void lines.writeln(line);
      last = line;
    };
    const outcome = await Promise.race([operation(report), stopped(closed)]).then(
      (result) => ({ result }),
      (error) => {
        const known = knownError(error, log);
        const details = known.details.length > 0 ? { details: known.details } : {};
        return { error: { ...httpErrorBody(known).error, ...details } };
      },
    );
    await lines.writeln(JSON.stringify(outcome));
  });
}

async function stopped(closed: AbortSignal): Promise<never> {
  if (!closed.aborted) await once(closed, 'abort');
  throw new AppError('STOPPING', 'the puller is stopping; what it began may still be done');
}
