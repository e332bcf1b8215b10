/** `/config`: the desired configuration over HTTP (docs/protocol.md). Reading is open to sensors; changing is not. */
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import { type DesiredState, desiredStateSchema, patchSchema } from '../protocol/desired-config.js';
import { parseReportedConfig, SENSOR_CONFIG_HEADER } from '../protocol/sensor-config.js';
import type { DesiredConfig } from './desired-store.js';
import { type Refusal, refusal } from './refusal.js';
import { checkToken, type GuardOptions } from './send-guard.js';

export function configRoutes(
  desired: DesiredConfig,
  guard: GuardOptions,
  refuse: (problem: Refusal) => Response,
): Hono {
  const app = new Hono();
  app.get('/config', (c) => c.json(stateOf(desired)));

  app.patch('/config', async (c) => {
    const change = await accepted(c, patchSchema);
    if (change instanceof Response) return change;
    if (change.seen !== undefined) desired.hear(change.seen);
    else if (!change.replace) await desired.heardAll();
    if (desired.lost !== undefined && !change.replace) {
      const why = `this proxy has lost version ${desired.lost}, which sensors still have: they would forget what is not set again`;
      const how = 'give "replace": true (`config set --replace`), or PUT /config what another proxy holds';
      return refuse(refusal(409, 'STATE_LOST', `${why}; ${how}`));
    }
    const { changed: _, ...config } = desired.patch(change, Date.now());
    return c.json({ version: config.version, scope: change.scope, config });
  });

  app.put('/config', async (c) => {
    const state = await accepted(c, desiredStateSchema);
    if (state instanceof Response) return state;
    desired.merge(state);
    return c.json(stateOf(desired));
  });

  /** The body of a change by who may make it, or the refusal. */
  async function accepted<T extends z.ZodType>(c: Context, schema: T): Promise<z.output<T> | Response> {
    const denied = checkToken(c.req.header('authorization'), guard.operatorToken, 'changing configuration');
    if (denied) return refuse(denied);
    let body: unknown;
    try {
      body = await c.req.json();
    } catch {
      return refuse(refusal(400, 'NOT_JSON', 'the body is not JSON'));
    }
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    const field = issue.path.filter((part) => part !== 'set').join('.');
    return refuse(refusal(422, 'BAD_FIELD', field ? `${field} ${issue.message}` : issue.message));
  }

  app.get('/config/effective', (c) => {
    const { region = '', hostname = '', version } = c.req.query();
    // A paused sensor is heard of here only. What a stranger says of versions counts for nothing, nor does an address
    // by itself, for any web page can have it opened.
    const reported = parseReportedConfig(c.req.header(SENSOR_CONFIG_HEADER));
    if (reported && (!guard.sensorToken || !checkToken(c.req.header('authorization'), guard.sensorToken, ''))) {
      desired.hear(reported.version);
    }
    const config = desired.effective(region, hostname);
    if (version !== undefined && config.version <= Number(version)) return c.body(null, 204);
    return c.json({ config });
  });
  return app;
}

const stateOf = (desired: DesiredConfig): DesiredState =>
  desired.lost === undefined ? desired.state : { ...desired.state, lost: desired.lost };
