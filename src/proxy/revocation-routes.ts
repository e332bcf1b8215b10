/** `/sensors/revoked`: which hosts may not send, read and changed with the operator token (docs/protocol.md). */
import { Hono } from 'hono';
import { z } from 'zod';
import { readJsonBody } from '../lib/errors/http-error.js';
import { INVISIBLE_CHARACTER } from '../protocol/names.js';
import { checkToken } from './operator-token.js';
import type { Refusal } from './refusal.js';
import type { RevokedHosts } from './revoked-hosts.js';

/** As texts of readings may be: another name would revoke nobody. */
const hostname = z
  .string()
  .min(1)
  .max(256)
  .refine((name) => !INVISIBLE_CHARACTER.test(name), { error: 'must not have invisible characters' });
const revocationSchema = z.strictObject({ hostname, revoked: z.boolean() });

export interface RevocationRoutesDeps {
  revoked: RevokedHosts;
  operatorToken: string | undefined;
  refuse(problem: Refusal): Response;
}

export function revocationRoutes({ revoked, operatorToken, refuse }: RevocationRoutesDeps): Hono {
  const app = new Hono();
  app.use('/sensors/*', async (c, next) => {
    const problem = checkToken(c.req.header('authorization'), operatorToken, 'revoking sensors');
    return problem ? refuse(problem) : next();
  });
  app.get('/sensors/revoked', (c) => c.json({ revoked: revoked.list }));
  app.patch('/sensors/revoked', async (c) => {
    const { hostname, revoked: is } = await readJsonBody(c, revocationSchema);
    revoked.set(hostname, is);
    return c.json({ revoked: revoked.list });
  });
  return app;
}
