/**
 * HTTP for guests over a pool of connections per origin: what Go's `http.Client` with a timeout of 30 s does on a
 * Bacalhau node, as far as a guest can notice (redirects are followed, one time limit for all).
 */
import { Agent, type Dispatcher } from 'undici';
import type { HostList } from '../../lib/net/host-list.js';
import { type Closeable, type HostClock, systemClock } from './host-clock.js';

export interface HttpRequest {
  method: string;
  url: URL;
  /** Names and values in turn. */
  headers: string[];
  body: Uint8Array | undefined;
  /** The guest gets no more of the answer's body than this, in bytes. */
  maxBodyBytes: number;
  /** Where it may go, also when it is redirected. */
  allowed: HostList;
  /** Tells the requests of one guest from those of others. */
  sender?: object;
}

/** `result` as `http_request` returns it: 0 answered, 2 network, 3 timeout, 4 not allowed. */
export type HttpAnswer = { result: 0; status: number; headers: string; body: Uint8Array } | { result: 2 | 3 | 4 };

export interface HttpTransport {
  /** Starts a request. Calls back once, after this has returned, unless the request is closed before. */
  send(request: HttpRequest, done: (answer: HttpAnswer) => void): Closeable;
  close(): Promise<void>;
}

export const TIMEOUT_MS = 30_000;
/** Per origin. */
const CONNECTIONS = 64;
const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
export const NETWORK_ERROR: HttpAnswer = { result: 2 };
const NOT_ALLOWED: HttpAnswer = { result: 4 };
export const TIMED_OUT: HttpAnswer = { result: 3 };

/** A transport on undici's connection pools. `ca`: PEM of the only certificate authority to trust, for https. */
export function createTransport(clock: HostClock = systemClock, ca?: string): HttpTransport {
  // The time limit is kept here, for all of a request, so undici's own for its parts are off.
  const limits = { connections: CONNECTIONS, headersTimeout: 0, bodyTimeout: 0 };
  const pools = new Agent(ca === undefined ? limits : { ...limits, connect: { ca } });
  return {
    send(request, done) {
      const call = new Call(request, pools, done);
      call.timer = clock.after(TIMEOUT_MS, () => call.end(TIMED_OUT));
      call.dispatch();
      return call;
    },
    close: () => pools.destroy(),
  };
}

/** One request of a guest and its redirects. An instance per hop would be cleaner and cost twice the memory. */
class Call implements Dispatcher.DispatchHandlers, Closeable {
  timer: Closeable | undefined;
  #request: HttpRequest;
  #done: (answer: HttpAnswer) => void;
  #abort: ((error?: Error) => void) | undefined;
  #finished = false;
  #redirects = 0;
  #status = 0;
  #rawHeaders: Buffer[] = [];
  #chunks: Buffer[] = [];
  #received = 0;

  constructor(
    request: HttpRequest,
    private readonly pools: Agent,
    done: (answer: HttpAnswer) => void,
  ) {
    this.#request = request;
    this.#done = done;
  }

  dispatch(): void {
    const { url, method, headers, body, allowed } = this.#request;
    if (!allowed.permits(url)) {
      setImmediate(() => this.end(NOT_ALLOWED));
      return;
    }
    try {
      const { origin, pathname, search } = url;
      this.pools.dispatch(
        { origin, path: pathname + search, method: method as 'GET', headers, body: body ?? null },
        this,
      );
    } catch {
      // A request that undici refuses to send, such as one with an invalid header.
      setImmediate(() => this.end(NETWORK_ERROR));
    }
  }

  close(): void {
    if (this.#finished) return;
    this.#finished = true;
    // A call may stay in its pool's queue for a while and must not keep its guest in memory.
    this.#done = () => {};
    this.timer?.close();
    this.#abort?.();
  }

  /** Completes the request with this answer, once. */
  end(answer: HttpAnswer): void {
    if (this.#finished) return;
    const done = this.#done;
    this.close();
    done(answer);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    if (this.#finished) abort();
  }

  onHeaders(status: number, headers: Buffer[] | string[] | null): boolean {
    if (status < 200) return true;
    this.#status = status;
    this.#rawHeaders = (headers ?? []) as Buffer[];
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    // The guest never sees more than this, so the rest is not awaited.
    if (this.#received > this.#request.maxBodyBytes) this.#answer();
    return true;
  }

  onComplete(): void {
    if (this.#finished) return;
    this.#abort = undefined;
    const target = REDIRECTS.has(this.#status) ? this.#redirectTarget() : undefined;
    if (target === undefined) this.#answer();
    else if (target === 'failed' || ++this.#redirects > MAX_REDIRECTS) this.end(NETWORK_ERROR);
    else this.#follow(target);
  }

  onError(): void {
    this.#abort = undefined;
    this.end(NETWORK_ERROR);
  }

  #answer(): void {
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.end({ result: 0, status: this.#status, headers: formatHeaders(this.#rawHeaders), body });
  }

  #redirectTarget(): URL | 'failed' | undefined {
    const raw = this.#rawHeaders;
    const at = raw.findIndex((name, i) => i % 2 === 0 && name.toString('latin1').toLowerCase() === 'location');
    if (at < 0) return undefined;
    const [location, base] = [raw[at + 1]!.toString(), this.#request.url.href];
    const target = URL.canParse(location, base) ? new URL(location, base) : undefined;
    return target?.protocol.startsWith('http') ? target : 'failed';
  }

  /** 307 and 308 repeat the request; the others become a GET without a body. Another host gets no credentials. */
  #follow(target: URL): void {
    const repeat = this.#status >= 307;
    const keepsMethod = repeat || this.#request.method === 'HEAD';
    const sameHost = target.host === this.#request.url.host;
    const dropped = (name: string) =>
      (!sameHost && name === 'authorization') || (!repeat && name.startsWith('content-'));
    const { headers } = this.#request;
    this.#request = {
      ...this.#request,
      url: target,
      method: keepsMethod ? this.#request.method : 'GET',
      headers: headers.filter((_, i) => !dropped(headers[i - (i % 2)]!.toLowerCase())),
      body: repeat ? this.#request.body : undefined,
    };
    this.#chunks = [];
    this.#received = 0;
    this.dispatch();
  }
}

/** Formats raw names and values as `Key: value` lines, the names in Go's canonical form (`Retry-After`). */
function formatHeaders(raw: Buffer[]): string {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = canonical(raw[i]!.toString('latin1'));
    if (name !== 'Transfer-Encoding') lines.push(`${name}: ${raw[i + 1]!.toString('latin1')}`);
  }
  return lines.join('\n');
}

// A server sends the same few names in every answer.
const canonicalNames = new Map<string, string>();

function canonical(name: string): string {
  let known = canonicalNames.get(name);
  if (known === undefined) {
    known = name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    if (canonicalNames.size < 1000) canonicalNames.set(name, known);
  }
  return known;
}
