/** Calls the control API of a running `up` from other terminals (`control-server.ts`). */
import { AppError } from '../lib/errors/app-error.js';
import { errorFromAnswer } from '../lib/errors/http-error.js';

/**
 * A URL: the service job there replaces the service of `up`. `null`: there is none any more, and the puller of `up`
 * runs again.
 */
export type EndpointChange = { puller?: string | null; jobProxy?: string | null };

export class ControlClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  setRegionLink(region: string, connected: boolean): Promise<void> {
    return this.#call('PUT', `/regions/${encodeURIComponent(region)}`, { connected });
  }

  setEndpoints(change: EndpointChange): Promise<void> {
    return this.#call('PATCH', '/endpoints', change);
  }

  stop(): Promise<void> {
    return this.#call('POST', '/stop');
  }

  /** Rejects with `UP_GONE`, or with the failure that `up` answered with. */
  async #call(method: string, path: string, body?: unknown): Promise<void> {
    let response: Response;
    try {
      response = await fetch(this.#url + path, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new AppError('UP_GONE', `the running \`up\` does not answer at ${this.#url}`, {
        cause,
        hint: 'Run `wasm-sensors down`, then `wasm-sensors up`.',
      });
    }
    if (response.ok) return;
    const answer: unknown = await response.json().catch(() => undefined);
    throw errorFromAnswer(answer, 'INTERNAL', `the running \`up\` answered ${method} ${path} with ${response.status}`);
  }
}
