/** Client of the proxy's API for operators: configuration, counts, sensors that may not send, modules. */
import { z } from 'zod';
import { AppError, causeMessageOf } from '../lib/errors/app-error.js';
import { errorFromAnswer } from '../lib/errors/http-error.js';
import { fetchTrusting } from '../lib/net/http-client.js';
import { type DesiredState, desiredStateSchema, type Patch } from '../protocol/desired-config.js';
import { hostKey } from '../protocol/names.js';
import type { ProxyStats } from './proxy.js';

/** A proxy that started without a state listens to its sensors for 11 s before it accepts a change. */
const TIMEOUT_MS = 20_000;

const revokedSchema = z.object({ revoked: z.array(z.string()) });

export class ProxyClient {
  readonly #token: string;
  readonly #ca: string | undefined;

  /**
   * @param token the operator token; '' where there is none
   * @param ca PEM of the private authority that signed the certificate of an https proxy
   */
  constructor(
    readonly url: string,
    { token, ca }: { token: string; ca?: string },
  ) {
    this.#token = token;
    this.#ca = ca;
  }

  async state(): Promise<DesiredState> {
    const { data, error } = desiredStateSchema.safeParse(await this.#call('GET', undefined));
    if (!data) throw foreign(this.url, error);
    return data;
  }

  /** Changes one scope; resolves with its new version. Rejects with the proxy's own code, such as `STATE_LOST`. */
  async patch(patch: Partial<Patch>): Promise<number> {
    return ((await this.#call('PATCH', patch)) as { version: number }).version;
  }

  /** What the proxy has counted since its start. */
  async stats(): Promise<ProxyStats> {
    return (await this.#call('GET', undefined, '/stats')) as ProxyStats;
  }

  /** Lets a host send no more readings, or again. Resolves when the proxy says that it is so. */
  async revoke(hostname: string, revoked: boolean): Promise<void> {
    const keys = (await this.#revoked('PATCH', { hostname, revoked })).map(hostKey);
    if (keys.includes(hostKey(hostname)) !== revoked) throw foreign(this.url, 'it has not changed its list');
  }

  /** Hosts that may send no readings. Needs the operator token. */
  revoked(): Promise<string[]> {
    return this.#revoked('GET', undefined);
  }

  async #revoked(method: string, body: unknown): Promise<string[]> {
    const { data, error } = revokedSchema.safeParse(await this.#call(method, body, '/sensors/revoked'));
    if (!data) throw foreign(this.url, error);
    return data.revoked;
  }

  /** Keeps a module there, so that nodes can download it. Needs the operator token. */
  async putModule(sha256: string, bytes: Uint8Array): Promise<void> {
    await this.#call('PUT', bytes, `/modules/${sha256}.wasm`);
  }

  async #call(method: string, body: unknown, path = '/config'): Promise<unknown> {
    const binary = body instanceof Uint8Array;
    const init = {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        'content-type': binary ? 'application/wasm' : 'application/json',
      },
      ...(body === undefined ? {} : { body: binary ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // Whoever it leads to is another one.
      redirect: 'error' as const,
    };
    const response = await fetchTrusting(this.#ca, `${this.url}${path}`, init).catch((cause) => {
      throw gone(this.url, cause);
    });
    const answer = await response.json().catch((cause) => {
      if (response.ok) throw foreign(this.url, cause);
    });
    if (response.ok) return answer;
    const { status } = response;
    const { code, message } = errorFromAnswer(answer, 'PROXY_ERROR', String(status));
    throw new AppError(code, `the proxy at ${this.url} ${status < 500 ? 'refused' : 'failed'}: ${message}`, {
      hint: hintFor(status, code),
    });
  }
}

function hintFor(status: number, code: string): string {
  if (code === 'AUTHORITY_UNREACHABLE') return 'Try again when it answers.';
  if (code === 'NOT_ALLOWED')
    return 'Start that proxy with the operator token in WASM_SENSORS_TOKEN (`up` keeps it in .wasm-sensors/token).';
  if (code === 'NOT_AUTHORITY') return 'Start every other proxy with --follow and the address of the authority.';
  if (status === 401 || status === 403)
    return 'Set WASM_SENSORS_TOKEN to its operator token (`up` keeps it in .wasm-sensors/token).';
  if (status === 409)
    return 'Set every value that sensors are to keep again, with `wasm-sensors config set --replace`.';
  return status < 500 ? 'Correct the value and try again.' : 'Read its log, and try again.';
}

const foreign = (url: string, cause: unknown) =>
  new AppError('PROXY_ERROR', `what answers at ${url} is not a proxy of this program`, {
    cause,
    hint: 'Is this its address (--proxies)?',
  });

function gone(url: string, cause: unknown): AppError {
  const why = causeMessageOf(cause);
  return new AppError('PROXY_GONE', `the proxy at ${url} does not answer: ${why}`, {
    cause,
    hint: /certificate/i.test(why)
      ? 'Give the authority that signed its certificate with --tls-ca.'
      : 'Is it running, and is this its address?',
  });
}
