/**
 * `/modules/<sha256>.wasm`: modules that are too large for a job. The operator puts them here, and nodes download them
 * (docs/modules.md): with their token, or by a path that is signed, because a download of Bacalhau carries none.
 */
import { type Context, Hono } from 'hono';
import { AppError } from '../lib/errors/app-error.js';
import { needsToken, tokenProblem } from '../lib/net/bearer-token.js';
import { fileAnswer } from '../lib/net/file-download.js';
import { readBody } from '../lib/net/request-body.js';
import { addressOf } from '../lib/net/wrong-tokens.js';
import { isPermission, permits } from '../modules/module-path.js';
import { isSha256, type ModuleStore, sha256Of } from '../modules/module-store.js';
import { MAX_MODULE_BYTES } from '../modules/user-module.js';
import { isCoreModule } from '../modules/wasm-sections.js';
import type { SensorAccess } from './sensor-access.js';
import { type ModuleSource, NOT_HERE, NOT_PERMITTED, upstreamModules } from './upstream-modules.js';

export function moduleRoutes(
  modules: ModuleStore,
  access: SensorAccess,
  operatorToken: string | undefined,
  source?: ModuleSource,
): Hono {
  const app = new Hono();
  const obtain = source && upstreamModules(modules, source);

  // Bacalhau asks with HEAD for the size first, which Hono answers by these routes.
  app.get('/modules/:file', (c) => {
    const authorization = c.req.header('authorization');
    const sender = access.identify(authorization, Date.now());
    const problem = tokenProblem(authorization, [operatorToken], 'downloading modules');
    if (problem && (sender instanceof AppError || sender.anonymous)) throw problem;
    return download(c, nameIn(c.req.param('file')));
  });

  app.get('/modules/:permission/:file', (c) => {
    const sha256 = nameIn(c.req.param('file'));
    const permission = c.req.param('permission');
    if (operatorToken !== undefined && permits(permission, sha256, operatorToken, Date.now()))
      return download(c, sha256, permission);
    if (obtain) {
      if (isPermission(permission)) return download(c, sha256, permission);
      throw new AppError('NO_SUCH_PATH', 'signed paths are called /modules/<year>-<signature>/<64 hex digits>.wasm');
    }
    throw new AppError('TOKEN_WRONG', NOT_PERMITTED);
  });

  async function download(c: Context, sha256: string, permission?: string): Promise<Response> {
    await obtain?.(sha256, permission, addressOf(c));
    const path = modules.find(sha256);
    if (path === undefined) throw new AppError('NO_SUCH_PATH', NOT_HERE);
    return fileAnswer(c, path, 'application/wasm');
  }

  app.put('/modules/:file', needsToken(operatorToken, 'deploying modules'), async (c) => {
    const sha256 = nameIn(c.req.param('file'));
    await readBody(
      c,
      (bytes) => {
        if (!isCoreModule(bytes)) throw new AppError('MODULE_INVALID', 'the body is not a WebAssembly module');
        if (sha256Of(bytes) !== sha256) {
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

function nameIn(file: string): string {
  const sha256 = file.replace(/\.wasm$/, '');
  if (isSha256(sha256)) return sha256;
  throw new AppError('NO_SUCH_PATH', 'modules are called by their SHA-256: /modules/<64 hex digits>.wasm');
}
