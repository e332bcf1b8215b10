/** `/config`: the desired configuration over HTTP (docs/protocol.md). Reading is open to sensors; changing is not. */
import { Hono } from 'hono';
import { patchSchema } from '../core/desired.js';
import type { DesiredConfig } from './desired.js';
import { checkToken, type GuardOptions } from './guard.js';
import { type Refusal, refusal } from './refusal.js';

export function configRoutes(
  desired: DesiredConfig,
  guard: GuardOptions,
  refuse: (problem: Refusal) => Response,
): Hono {
  const app = new Hono();
  app.get('/config', (c) => c.json(desired.state));

  app.patch('/config', async (c) => {
    const denied = checkToken(c.req.header('authorization'), guard.operatorToken, 'changing configuration');
    if (denied) return refuse(denied);
    let body: unknown;
    try {
      body = await c.req.json();
    } catch {
      return refuse(refusal(400, 'NOT_JSON', 'the body is not JSON'));
    }
    const parsed = patchSchema.safeParse(body);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      const field = issue.path.filter((part) => part !== 'set').join('.');
      return refuse(refusal(422, 'BAD_FIELD', field ? `${field} ${issue.message}` : issue.message));
    }
    const config = desired.patch(parsed.data, Date.now());
    return c.json({ version: config.version, scope: parsed.data.scope, config });
  });

  app.get('/config/effective', (c) => {
    const { region = '', hostname = '', version } = c.req.query();
    const config = desired.effective(region, hostname);
    if (version !== undefined && config.version <= Number(version)) return c.body(null, 204);
    return c.json({ config });
  });
  return app;
}
