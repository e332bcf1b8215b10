/**
 * The network link of a region. While it is cut, the region's guests keep running, but no request of theirs arrives,
 * except at what is on their site.
 */
import { hostAndPort } from '../lib/net/host-list.js';
import type { Closeable } from './guest/host-clock.js';
import { type HttpAnswer, type HttpRequest, type HttpTransport, NETWORK_ERROR } from './guest/transport.js';

/** How requests ended: by class of HTTP status, such as `2xx`, or without an answer. */
export type RequestCounts = Record<string, number>;

export class RegionLink {
  readonly counts: RequestCounts = {};
  connected = true;
  /** Of each request under way: fails it, as if its connection broke. */
  readonly calls = new Map<() => void, URL>();
  #onSite: string | undefined;

  constructor(private readonly transport: HttpTransport) {}

  /** Cutting also breaks the connections of requests in flight. `onSite`: `HOST:PORT` that is reached all the same. */
  setConnected(connected: boolean, onSite?: string): void {
    this.connected = connected;
    this.#onSite = onSite;
    for (const [fail, url] of [...this.calls]) if (!this.#reaches(url)) fail();
  }

  #reaches(url: URL): boolean {
    return this.connected || (this.#onSite !== undefined && hostAndPort(url) === this.#onSite);
  }

  /** Sends over this link; calls back once, unless it is closed before. */
  send(request: HttpRequest, done: (answer: HttpAnswer) => void): Closeable {
    let inFlight: Closeable | undefined;
    const answered = (answer: HttpAnswer) => {
      if (!this.calls.delete(fail)) return;
      const result = resultOf(answer);
      this.counts[result] = (this.counts[result] ?? 0) + 1;
      done(answer);
    };
    const fail = () => {
      inFlight?.close();
      answered(NETWORK_ERROR);
    };
    this.calls.set(fail, request.url);
    if (this.#reaches(request.url)) inFlight = this.transport.send(request, answered);
    else setImmediate(fail);
    return {
      close: () => {
        this.calls.delete(fail);
        inFlight?.close();
      },
    };
  }
}

function resultOf(answer: HttpAnswer): string {
  if (answer.result === 0) return `${Math.floor(answer.status / 100)}xx`;
  return { 2: 'network_error', 3: 'timeout', 4: 'not_allowed' }[answer.result];
}
