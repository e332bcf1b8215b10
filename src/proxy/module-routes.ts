/**
 * `/modules/<sha256>.wasm`: modules that are too large for a job. The operator puts them here, and nodes download them
 * (docs/modules.md). Whoever knows a module's hash may read it: nodes have no token.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { AppError } from '../lib/errors/app-error.js';
import { readBody } from '../lib/net/request-body.js';
import { isSha256, type ModuleStore } from '../modules/module-store.js';
import { MAX_MODULE_BYTES } from '../modules/user-module.js';
import { isCoreModule } from '../modules/wasm-sections.js';
import type { Refusal } from './refusal.js';
import { checkToken } from './send-guard.js';

export interface ModuleRoutesDeps {
  modules: ModuleStore;
  operatorToken: string | undefined;
  refuse(problem: Refusal): Response;
}

export function moduleRoutes({ modules, operatorToken, refuse }: ModuleRoutesDeps): Hono {
  const app = new Hono();

  // Bacalhau asks with HEAD for the size first, which Hono answers by this route.
  app.get('/modules/:file', (c) => {
    const path = modules.find(sha256Of(c.req.param('file')));
    if (path === undefined) throw new AppError('NO_SUCH_PATH', 'there is no such module here');
    const bytes = readFileSync(path);
    return c.body(bytes, 200, { 'content-type': 'application/wasm', 'content-length': String(bytes.length) });
  });

  app.put('/modules/:file', async (c) => {
    const problem = checkToken(c.req.header('authorization'), operatorToken, 'deploying modules');
    if (problem) return refuse(problem);
    const sha256 = sha256Of(c.req.param('file'));
    await readBody(
      c,
      (bytes) => {
        if (!isCoreModule(bytes)) throw new AppError('MODULE_INVALID', 'the body is not a WebAssembly module');
        if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
          throw new AppError('BAD_REQUEST', 'the body does not have the SHA-256 of its name');
        }
        modules.put(sha256, bytes);
      },
      MAX_MODULE_BYTES,
    );
    return c.json({ sha256 });
  });
  return app;
}

function sha256Of(file: string): string {
  const sha256 = file.replace(/\.wasm$/, '');
  if (isSha256(sha256)) return sha256;
  throw new AppError('NO_SUCH_PATH', 'modules are called by their SHA-256: /modules/<64 hex digits>.wasm');
}
