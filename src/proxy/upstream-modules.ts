/** Modules that a relay has from the proxy upstream, which decides about signed paths: only it has the operator token. */
import { AppError, causeMessageOf } from '../lib/errors/app-error.js';
import { isLoopback } from '../lib/net/browser-guard.js';
import { readAnswer } from '../lib/net/http-client.js';
import { type ModuleStore, sha256Of } from '../modules/module-store.js';
import { MAX_MODULE_BYTES } from '../modules/user-module.js';

/**
 * How a relay asks the proxy upstream for a module. `withToken`: with that of the relay, for who may download by its own.
 * Rejects when upstream does not answer.
 */
export type ModuleSource = (path: string, method: 'GET' | 'HEAD', withToken: boolean) => Promise<Response>;

export const NOT_HERE = 'there is no such module here';
export const NOT_PERMITTED =
  'the path does not permit the download: the operator token is another one now, or it has expired. Deploy the module again.';

/**
 * Downloads, and questions about paths: of one address one at a time, so that no client takes all places. Upstream lets ten wrong paths of an address wait, and then answers nothing else of it
 * that has a token: what the relay sends, too.
 */
const MAX_AT_ONCE = 4;

/**
 * Gives a function that makes sure that a module is in the store, for a signed path or for who may have every module. It
 * rejects otherwise. `client`: its address.
 */
export function upstreamModules(modules: ModuleStore, source: ModuleSource) {
  /** Questions by path, and downloads by SHA-256: a path that permits nothing must not decide for one that does. */
  const asking = new Map<string, Promise<unknown>>();
  /** Whose questions these are. */
  const askers = new Set<string>();
  const fetching = new Map<string, Promise<unknown>>();

  const ask = async (path: string, method: 'GET' | 'HEAD', withToken: boolean): Promise<Response> => {
    const answer = await source(path, method, withToken);
    if (answer.ok) return answer;
    await answer.body?.cancel();
    if (answer.status === 404) throw new AppError('NO_SUCH_PATH', NOT_HERE);
    if (answer.status === 403 && !withToken) throw new AppError('TOKEN_WRONG', NOT_PERMITTED);
    throw new AppError('AUTHORITY_UNREACHABLE', `the proxy upstream answers ${answer.status}`);
  };

  /** On loopback all programs of this machine have one address. */
  const askFor = async (client: string | undefined, path: string): Promise<void> => {
    if (client === undefined || isLoopback(client)) await ask(path, 'HEAD', false);
    else if (askers.has(client)) throw tooMany();
    else {
      askers.add(client);
      await ask(path, 'HEAD', false).finally(() => askers.delete(client));
    }
  };

  return async (sha256: string, permission: string | undefined, client: string | undefined): Promise<void> => {
    const withToken = permission === undefined;
    const path = withToken ? `/modules/${sha256}.wasm` : `/modules/${permission}/${sha256}.wasm`;
    const obtain = async () => {
      const bytes = await readAnswer(await ask(path, 'GET', withToken), MAX_MODULE_BYTES);
      if (sha256Of(bytes) !== sha256) throw new Error('it sends another module');
      modules.put(sha256, bytes);
    };
    try {
      if (!withToken) await once(asking, path, () => askFor(client, path));
      if (modules.find(sha256) === undefined) await once(fetching, sha256, obtain);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      // Nodes start jobs again while the cloud is away. Whoever can name the hash knows the module.
      if (modules.find(sha256) !== undefined) return;
      const message = `the proxy upstream does not answer: ${causeMessageOf(cause)}`;
      throw new AppError('AUTHORITY_UNREACHABLE', message, { cause });
    }
  };
}

const tooMany = () => new AppError('OVERLOADED', 'too many modules are asked for at once');

/** The same work runs once at a time. */
function once(running: Map<string, Promise<unknown>>, key: string, work: () => Promise<unknown>): Promise<unknown> {
  const known = running.get(key);
  if (known !== undefined) return known;
  if (running.size >= MAX_AT_ONCE) throw tooMany();
  const started = work().finally(() => running.delete(key));
  running.set(key, started);
  return started;
}
