/** Client of the proxy's configuration API, for commands. */

import { AppError, messageOf, systemError } from '../lib/errors/app-error.js';
import { fetchTrusting } from '../lib/net/fetch-with-ca.js';
import { type DesiredState, desiredStateSchema, type Patch } from '../protocol/desired-config.js';

export interface ConfigClientOptions {
  /** The operator token; '' where there is none. */
  token: string;
  /** PEM of the authority that vouches for an https proxy, where it is a private one. */
  ca?: string;
}

/** A proxy that began with nothing listens to its sensors for 11 s before it takes a change. */
const TIMEOUT_MS = 20_000;

export class ConfigClient {
  constructor(
    readonly url: string,
    private readonly options: ConfigClientOptions,
  ) {}

  async state(): Promise<DesiredState> {
    return desiredStateSchema.parse(await this.call('GET', undefined));
  }

  /** Changes one scope; gives the version that it has now. Rejects with `STATE_LOST`, and with what refuses values. */
  async patch(patch: Partial<Patch>): Promise<number> {
    return ((await this.call('PATCH', patch)) as { version: number }).version;
  }

  /** Gives it what another proxy holds; resolves with what it holds then. */
  async put(state: DesiredState): Promise<DesiredState> {
    return desiredStateSchema.parse(await this.call('PUT', state));
  }

  private async call(method: string, body: unknown): Promise<unknown> {
    const init = {
      method,
      headers: { authorization: `Bearer ${this.options.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    let response: Awaited<ReturnType<typeof fetchTrusting>>;
    try {
      response = await fetchTrusting(this.options.ca, `${this.url}/config`, init);
    } catch (cause) {
      throw gone(this.url, cause);
    }
    if (response.ok) return response.json();
    const { error } = (await response.json().catch(() => ({ error: undefined }))) as {
      error?: { code: string; reason: string };
    };
    const { status } = response;
    const message = `the proxy at ${this.url} ${status < 500 ? 'refused' : 'failed'}: ${error?.reason ?? status}`;
    throw new AppError(error?.code ?? 'PROXY_ERROR', status < 500 ? 'user' : 'system', message, {
      hint: hintFor(status),
    });
  }
}

function hintFor(status: number): string {
  if (status === 401 || status === 403)
    return 'Set WASM_SENSORS_TOKEN to its operator token (`up` keeps it in .wasm-sensors/token).';
  if (status === 409) return 'Set again all that sensors shall keep, with `wasm-sensors config set --replace`.';
  return status < 500 ? 'Mend the value and try again.' : 'Try again; its log says more.';
}

function gone(url: string, cause: unknown): AppError {
  const why = messageOf((cause as Error).cause ?? cause);
  return systemError('PROXY_GONE', `the proxy at ${url} does not answer: ${why}`, {
    cause,
    hint: /certificate/i.test(why)
      ? 'Name the authority of its certificate with --tls-ca.'
      : 'Is it running, and is this its address?',
  });
}
