/** Client of the proxy's configuration API, for commands. */

import { type DesiredState, desiredStateSchema, type Patch } from '../core/desired.js';
import { AppError, systemError } from '../core/errors.js';

export class ConfigClient {
  /** `token`: the operator token; '' where there is none. */
  constructor(
    readonly url: string,
    private readonly token: string,
  ) {}

  async state(): Promise<DesiredState> {
    return desiredStateSchema.parse(await this.call('GET', undefined));
  }

  /** Changes one scope; gives the version that it has now. */
  async patch(patch: Omit<Patch, 'version'> & { version?: number }): Promise<number> {
    return ((await this.call('PATCH', patch)) as { version: number }).version;
  }

  private async call(method: string, body: unknown): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(`${this.url}/config`, {
        method,
        headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      });
    } catch (cause) {
      throw systemError('PROXY_GONE', `the proxy at ${this.url} does not answer`, {
        cause,
        hint: 'Is it running, and is this its address?',
      });
    }
    if (response.ok) return response.json();
    const { error } = (await response.json().catch(() => ({ error: undefined }))) as {
      error?: { code: string; reason: string };
    };
    throw new AppError(
      error?.code ?? 'PROXY_ERROR',
      'user',
      `the proxy at ${this.url} refused: ${error?.reason ?? response.status}`,
      {
        hint: [401, 403].includes(response.status)
          ? 'Set WASM_SENSORS_TOKEN to its operator token (`up` keeps it in .wasm-sensors/token).'
          : 'Mend the value and try again.',
      },
    );
  }
}
