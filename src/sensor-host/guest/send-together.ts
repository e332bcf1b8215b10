/**
 * Sends what many guests POST to one proxy in one request, where the proxy takes that (docs/protocol.md, "`POST /send/many`"). Each
 * guest gets the answer that a request of its own would get.
 */
import { HostList, hostAndPort } from '../../lib/net/host-list.js';
import { MAX_SENDS, parseAnswerLine, SEND_MANY_HEADER, sendLineHead } from '../../protocol/send-many.js';
import type { Closeable, HostClock } from './host-clock.js';
import type { HttpAnswer, HttpRequest, HttpTransport } from './transport.js';
import { NETWORK_ERROR, TIMED_OUT, TIMEOUT_MS } from './transport.js';

/** What comes within this time after a request waits for the next one. */
const PAUSE_MS = 20;
/** Proxies take 1 MiB. */
const MAX_BODY = 524_288;
const MAX_ANSWERS = 4_194_304;
/** Under way at a time, where there is more than one request takes. */
const MAX_UNDER_WAY = 8;

const ADVERTISED = new RegExp(`^${SEND_MANY_HEADER}: (\\d{1,6})$`, 'im');

/** A request of a guest. */
interface Waiting extends Closeable {
  request: HttpRequest;
  head: string;
  body: Uint8Array;
  since: number;
  /** What it waits for by itself. */
  alone?: Closeable;
  /** Undefined: it was answered or closed. */
  done: ((answer: HttpAnswer) => void) | undefined;
}

export function sendTogether(base: HttpTransport, clock: HostClock): HttpTransport {
  /** By the URL of a request. */
  const lanes = new Map<string, Lane>();
  /** Senders that were refused: one that is refuses all that are sent with it. */
  const refused = new WeakSet<object>();

  function sendAlone(request: HttpRequest, done: (answer: HttpAnswer) => void): Closeable {
    if (request.method !== 'POST' || !request.url.pathname.endsWith('/send')) return base.send(request, done);
    const { url, sender = url } = request;
    return base.send(request, (answer) => {
      if (answer.result === 0) {
        if (answer.status >= 400 && answer.status < 500) refused.add(sender);
        else refused.delete(sender);
        const max = Math.min(Number(ADVERTISED.exec(answer.headers)?.[1] ?? 0), MAX_SENDS);
        if (max > 0 && !lanes.has(url.href))
          lanes.set(url.href, new Lane(base, clock, url, max, sendAlone, () => lanes.delete(url.href)));
      }
      done(answer);
    });
  }

  return {
    send(request, done) {
      const lane = lanes.get(request.url.href);
      if (!lane || refused.has(request.sender ?? request.url)) return sendAlone(request, done);
      return lane.send(request, done) ?? sendAlone(request, done);
    },
    close() {
      for (const lane of lanes.values()) lane.close();
      return base.close();
    },
  };
}

/** Requests to one proxy. */
class Lane {
  #waiting: Waiting[] = [];
  /** Those that wait and those that are under way, the oldest first. */
  readonly #open = new Set<Waiting>();
  #underWay = 0;
  #lastSent = Number.NEGATIVE_INFINITY;
  #timer: Closeable | undefined;
  #deadline: Closeable | undefined;
  readonly #url: URL;
  readonly #allowed: HostList;

  constructor(
    private readonly base: HttpTransport,
    private readonly clock: HostClock,
    url: URL,
    private readonly max: number,
    private readonly sendAlone: HttpTransport['send'],
    /** The proxy takes no requests of this kind any more. */
    private readonly forget: () => void,
  ) {
    this.#url = new URL(`${url.href}/many`);
    this.#allowed = new HostList([hostAndPort(url)]);
  }

  close(): void {
    this.#timer?.close();
    this.#deadline?.close();
  }

  /** Undefined for a request that has to go by itself. */
  send(request: HttpRequest, done: (answer: HttpAnswer) => void): Closeable | undefined {
    const { body } = request;
    const head = request.method === 'POST' && request.allowed.permits(request.url) ? headOf(request) : undefined;
    if (head === undefined || body === undefined || body.length > MAX_BODY / 8) return undefined;
    if (body.includes(0x0a) || body.includes(0x0d)) return undefined;
    const one: Waiting = {
      request,
      head,
      body,
      since: this.clock.monotonic(),
      done,
      close: () => {
        one.done = undefined;
        this.#open.delete(one);
        one.alone?.close();
      },
    };
    this.#open.add(one);
    this.#waiting.push(one);
    this.#deadline ??= this.clock.after(TIMEOUT_MS, () => this.#giveUp());
    this.#next();
    return one;
  }

  /** Sends what waits, when it is time. */
  #next(): void {
    if (this.#waiting.length >= this.max && this.#underWay < MAX_UNDER_WAY) this.#flush();
    if (this.#timer || this.#underWay > 0 || this.#waiting.length === 0) return;
    this.#timer = this.clock.after(Math.max(0, this.#lastSent + PAUSE_MS - this.clock.monotonic()), () => {
      this.#timer = undefined;
      if (this.#underWay === 0) this.#flush();
    });
  }

  #flush(): void {
    const some: Waiting[] = [];
    let bytes = 0;
    let taken = 0;
    for (const one of this.#waiting) {
      if (some.length === this.max || bytes > (MAX_BODY * 7) / 8) break;
      taken++;
      if (one.done === undefined) continue;
      bytes += one.head.length + one.body.length + 2;
      some.push(one);
    }
    this.#waiting.splice(0, taken);
    if (some.length === 0) return;
    this.#lastSent = this.clock.monotonic();
    this.#underWay++;
    const headers = ['Content-Type', 'application/x-ndjson'];
    const body = bodyOf(some, bytes);
    const request = {
      method: 'POST',
      url: this.#url,
      headers,
      body,
      maxBodyBytes: MAX_ANSWERS,
      allowed: this.#allowed,
    };
    this.base.send(request, (answer) => {
      this.#underWay--;
      this.#answered(some, answer);
      this.#next();
    });
  }

  #answered(all: Waiting[], answer: HttpAnswer): void {
    // Its connection broke, or what is in front of the proxy answers: so it would be with each of them.
    if (answer.result !== 0 || answer.status === 429 || answer.status > 501) {
      for (const one of all) this.#end(one, answer);
    } else if (answer.status === 200) {
      const answers = answersOf(Buffer.from(answer.body).toString());
      if (answers.length !== all.length) this.forget();
      for (const [i, one] of all.entries())
        this.#end(one, (answers.length === all.length && answers[i]) || NETWORK_ERROR);
    } else {
      // It refuses all because of one, or does not know such requests.
      if (answer.status === 404 || answer.status === 405) this.forget();
      for (const one of all) {
        this.#open.delete(one);
        if (one.done) one.alone = this.sendAlone(one.request, one.done);
      }
    }
  }

  #end(one: Waiting, answer: HttpAnswer): void {
    const { done } = one;
    one.close();
    done?.(answer);
  }

  /** Answers those that have waited as long as a request may. */
  #giveUp(): void {
    this.#deadline = undefined;
    for (const one of this.#open) {
      const left = one.since + TIMEOUT_MS - this.clock.monotonic();
      if (left > 0) {
        this.#deadline = this.clock.after(left, () => this.#giveUp());
        return;
      }
      this.#end(one, TIMED_OUT);
    }
  }
}

/** Of a request with the headers that our modules send; undefined: it has others. */
function headOf({ headers }: HttpRequest): string | undefined {
  const [, type, , config, , authorization] = headers;
  const names = headers.filter((_, i) => i % 2 === 0).join(' ');
  if (type !== 'application/json' || !/^Content-Type( X-Sensor-Config( Authorization)?)?$/.test(names))
    return undefined;
  return sendLineHead({ config, authorization });
}

function bodyOf(all: Waiting[], bytes: number): Uint8Array {
  const body = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { head, body: own } of all) {
    at += body.write(head, at, 'latin1');
    body.set(own, at);
    at += own.length;
    at += body.write('}\n', at, 'latin1');
  }
  return body;
}

/** Almost all are the same. */
function answersOf(text: string): (HttpAnswer | undefined)[] {
  let known = '';
  let answer: HttpAnswer | undefined;
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      if (line !== known) {
        known = line;
        answer = answerOf(line);
      }
      return answer;
    });
}

function answerOf(line: string): HttpAnswer | undefined {
  const found = parseAnswerLine(line);
  if (!found) return undefined;
  const { status, retryAfter, body } = found;
  const headers = `Content-Type: application/json${retryAfter === undefined ? '' : `\nRetry-After: ${retryAfter}`}`;
  return { result: 0, status, headers, body: Buffer.from(body) };
}
