/** The network link of a region. While it is cut, the region's guests keep running, but no request of theirs arrives. */
import type { Closeable } from './guest/host-clock.js';
import type { HttpAnswer, HttpRequest, HttpTransport } from './guest/transport.js';

const NETWORK_ERROR: HttpAnswer = { result: 2 };

/** How requests ended: by class of HTTP status, such as `2xx`, or without an answer. */
export type RequestCounts = Record<string, number>;

export class RegionLink {
  readonly calls = new Set<LinkCall>();
  readonly #transport: HttpTransport;
  readonly counts: RequestCounts = {};
  #connected = true;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Cutting also breaks the connections of requests in flight. */
  setConnected(connected: boolean): void {
    this.#connected = connected;
    if (!connected) for (const call of [...this.calls]) call.fail();
  }

  /** Sends over this link; calls back once, unless it is closed before. */
  send(request: HttpRequest, done: (answer: HttpAnswer) => void): Closeable {
    const call = new LinkCall(this, done);
    this.calls.add(call);
    if (this.#connected) call.inFlight = this.#transport.send(request, call.answered);
    else setImmediate(() => call.fail());
    return call;
  }
}

/** A request that either its link or its sender can cancel. */
class LinkCall implements Closeable {
  inFlight: Closeable | undefined;
  readonly #link: RegionLink;
  readonly #done: (answer: HttpAnswer) => void;

  constructor(link: RegionLink, done: (answer: HttpAnswer) => void) {
    this.#link = link;
    this.#done = done;
  }

  readonly answered = (answer: HttpAnswer): void => {
    if (!this.#link.calls.delete(this)) return;
    const result = resultOf(answer);
    this.#link.counts[result] = (this.#link.counts[result] ?? 0) + 1;
    this.#done(answer);
  };

  /** As if the connection broke. */
  fail(): void {
    this.inFlight?.close();
    this.answered(NETWORK_ERROR);
  }

  close(): void {
    this.#link.calls.delete(this);
    this.inFlight?.close();
  }
}

function resultOf(answer: HttpAnswer): string {
  if (answer.result === 0) return `${Math.floor(answer.status / 100)}xx`;
  return { 2: 'network_error', 3: 'timeout', 4: 'not_allowed' }[answer.result];
}
