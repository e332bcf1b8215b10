/**
 * `/modules/<sha256>.wasm`: modules that are too large for a job. The operator puts them here, and nodes download them
 * (docs/modules.md): with their token, or by a path that is signed, because a download of Bacalhau carries none.
 */
import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { AppError, causeMessageOf } from '../lib/errors/app-error.js';
import { tokenProblem } from '../lib/net/bearer-token.js';
import { fileAnswer } from '../lib/net/file-download.js';
import { readBody } from '../lib/net/request-body.js';
import { permits } from '../modules/module-path.js';
import { isSha256, type ModuleStore } from '../modules/module-store.js';
import { MAX_MODULE_BYTES } from '../modules/user-module.js';
import { isCoreModule } from '../modules/wasm-sections.js';
import type { SensorAccess } from './sensor-access.js';

/** How a relay asks the proxy upstream for a module, by the path of the request. Rejects when it does not answer. */
export type ModuleSource = (path: string, method: 'GET' | 'HEAD') => Promise<Response>;

export function moduleRoutes(
  modules: ModuleStore,
  access: SensorAccess,
  operatorToken: string | undefined,
  source?: ModuleSource,
): Hono {
  const app = new Hono();
  const fetching = new Map<string, Promise<Response>>();

  // Bacalhau asks with HEAD for the size first, which Hono answers by these routes.
  app.get('/modules/:file', (c) => {
    const authorization = c.req.header('authorization');
    const sender = access.identify(authorization, Date.now());
    const problem = tokenProblem(authorization, [operatorToken], 'downloading modules');
    if (problem && (sender instanceof AppError || sender.anonymous)) throw problem;
    return download(c, sha256Of(c.req.param('file')));
  });

  app.get('/modules/:permission/:file', (c) => {
    const sha256 = sha256Of(c.req.param('file'));
    const permission = c.req.param('permission');
    if (operatorToken !== undefined && permits(permission, sha256, operatorToken, Date.now()))
      return download(c, sha256);
    // Whether the path permits it, upstream knows.
    if (source) return download(c, sha256);
    const message = 'the path does not permit the download: the operator token is another one now, or it has expired';
    throw new AppError('TOKEN_WRONG', `${message}. Deploy the module again.`);
  });

  async function download(c: Context, sha256: string): Promise<Response> {
    if (source) {
      const problem = await askSource(source, c.req.path, sha256);
      if (problem) return problem;
    }
    const path = modules.find(sha256);
    if (path === undefined) throw new AppError('NO_SUCH_PATH', 'there is no such module here');
    return fileAnswer(c, path, 'application/wasm');
  }

  /** Makes sure that a module is here, for whoever asks for this path; the answer of upstream where it refuses. */
  async function askSource(ask: ModuleSource, path: string, sha256: string): Promise<Response | undefined> {
    const isKept = modules.find(sha256) !== undefined;
    const asked = fetching.get(path) ?? fetchModule(ask, path, sha256, isKept).finally(() => fetching.delete(path));
    fetching.set(path, asked);
    try {
      const answer = await asked;
      return answer.ok ? undefined : answer.clone();
    } catch (cause) {
      // Nodes start jobs again while the cloud is away. Whoever can name the hash knows the module.
      if (isKept) return undefined;
      throw new AppError('AUTHORITY_UNREACHABLE', `the proxy upstream does not answer: ${causeMessageOf(cause)}`, {
        cause,
      });
    }
  }

  async function fetchModule(ask: ModuleSource, path: string, sha256: string, isKept: boolean): Promise<Response> {
    const answer = await ask(path, isKept ? 'HEAD' : 'GET');
    if (!answer.ok || isKept) return answer;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error('it sends another module');
    modules.put(sha256, bytes);
    return answer;
  }

  app.put('/modules/:file', async (c) => {
    const problem = tokenProblem(c.req.header('authorization'), [operatorToken], 'deploying modules');
    if (problem) throw problem;
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
