/**
 * What the page asks and changes beside the fleet view: effective configuration, dead letters, changes of the
 * configuration, cuts. Reading needs what every reading needs; changes need the operator (docs/protocol.md).
 */
import { Hono } from 'hono';
import { z } from 'zod';
import { AppError } from '../../lib/errors/app-error.js';
import { httpErrorBody, readJsonBody } from '../../lib/errors/http-error.js';
import type { OperatorSessions } from '../../lib/net/operator-sessions.js';
import { type ControlsView, configChangeSchema, type FleetControls } from './fleet-controls.js';
import { type OperationOptions, operationStream } from './operation-stream.js';

export interface ControlRoutesDeps extends OperationOptions {
  /** Left out: nothing can be asked or changed from here. */
  controls: FleetControls | undefined;
  /** Left out: there is no operator token, so that nobody may change anything. */
  operator: OperatorSessions | undefined;
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

  app.get('/fleet/config', async (c) => {
    const { region, host: hostname } = c.req.query();
    return c.json(await offered().readConfig({ region: region || undefined, hostname: hostname || undefined }));
  });

  app.get('/fleet/dead-letters', async (c) => c.json(await offered().deadLetters()));

  app.use('/controls/*', async (c, next) => {
    const problem = operator
      ? operator.problemOf(c, Date.now())
      : ({
          status: 403,
          code: 'NOT_ALLOWED',
          message: 'changes are switched off here: no operator token was set',
        } as const);
    return problem ? c.json(httpErrorBody(problem), problem.status) : next();
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
