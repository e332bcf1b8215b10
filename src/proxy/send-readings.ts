/**
 * `POST /send`: checks who sends and what, drops readings of superseded submissions, and answers once the queue has accepted
 * the rest.
 */
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import type { WrongTokens } from '../lib/net/wrong-tokens.js';
import { hostOf } from '../protocol/message.js';
import { hostKey } from '../protocol/names.js';
import { SENSOR_CONFIG_ATTRIBUTE, SENSOR_CONFIG_HEADER } from '../protocol/sensor-config.js';
import type { Batcher, Outcome } from './batcher.js';
import type { DesiredConfigStore } from './desired-config-store.js';
import { NameLimits } from './name-limits.js';
import { type ParsedBody, refuseSome } from './parse-body.js';
import { type ProxyCounts, regionOf } from './proxy-counts.js';
import { RateLimiter } from './rate-limiter.js';
import { type Refusal, refusal, refusalOf } from './refusal.js';
import type { Sender, SensorAccess } from './sensor-access.js';
import { SupersededFilter } from './superseded.js';

export interface SendDeps {
  batcher: Batcher;
  desired: DesiredConfigStore;
  access: SensorAccess;
  wrongTokens: WrongTokens;
  /** Names (without port) under which this service is reached; `undefined`: any. */
  hosts: string[] | undefined;
  /** Messages a second that one sender may send; 0 = any number. */
  rateLimit: number | undefined;
  counts: ProxyCounts;
  refuse(problem: Refusal): Response;
  log: ((text: string) => void) | undefined;
}

export interface SendRequest {
  header(name: string): string | undefined;
  /** Of the client; undefined for a request that came over no connection. */
  address: string | undefined;
  /** Reads the body: only of those who may send. */
  readBody(): Promise<ParsedBody | Refusal>;
}

/** What became of a request whose body could be read. */
interface Sent {
  body: ParsedBody;
  outcomes: ({ index: number } & Outcome)[];
  superseded: number;
  /** For the sender, when it has an older one. */
  config: object | undefined;
}

/**
 * Clocks of operators and proxies differ by minutes at most. Readings of a later submission would end all others of their
 * host, so they have to wait until the time has come.
 */
const MAX_SUBMISSION_AHEAD_MS = 300_000;
/** Not before the time that was reached already, also when the clock is set back. */
const monotonicNow = () => Math.max(Date.now(), performance.timeOrigin + performance.now());
/** A sensor's report about itself, passed on unchanged; see `parseReportedConfig`. */
const REPORTED = /^[\x21-\x7e]{1,2400}$/;

export class SendReadings {
  readonly #deps: SendDeps;
  readonly #filter = new SupersededFilter();
  readonly #places = new NameLimits();
  readonly #limiter: RateLimiter | undefined;

  constructor(deps: SendDeps) {
    this.#deps = deps;
    this.#limiter = deps.rateLimit ? new RateLimiter(deps.rateLimit) : undefined;
  }

  /** Never rejects. */
  async answer(request: SendRequest): Promise<Response> {
    const { refuse, log } = this.#deps;
    try {
      const sent = await this.#send(request);
      return 'code' in sent ? refuse(sent) : this.#answerOf(sent);
    } catch (error) {
      return refuse(refusalOf(error, 'POST /send', log));
    }
  }

  async #send(request: SendRequest): Promise<Sent | Refusal> {
    const { access, wrongTokens, hosts, counts, desired } = this.#deps;
    const foreign = findBrowserProblem(request.header, hosts);
    if (foreign) return refusal(403, foreign.code, foreign.message);
    const sender = access.identify(request.header('authorization'), Date.now());
    if ('code' in sender) {
      if (sender.code === 'TOKEN_WRONG' && request.address !== undefined) await wrongTokens.wait(request.address);
      return sender;
    }
    const all = await request.readBody();
    if ('code' in all) return all;
    const body = this.#permitted(all, sender);
    if ('code' in body) return body;

    counts.received += body.messages.length + body.refused.length;
    for (const { code } of body.refused) counts.refuse(code);
    const current = body.messages.filter(({ message }) => {
      const superseded = this.#filter.isSuperseded(message);
      if (superseded) counts.superseded.add(regionOf(message));
      return !superseded;
    });
    const claimed = request.header(SENSOR_CONFIG_HEADER);
    // A version that this proxy has not given keeps the operator from changing anything.
    const reported = sender.stranger && versionOf(claimed) > desired.newestKnown ? undefined : claimed;
    const outcomes = await this.#forward(current, reported);
    const first = body.messages[0]?.message;
    const config = first && newerConfig(desired, reported, first);
    return { body, outcomes, superseded: body.messages.length - current.length, config };
  }

  /** Leaves the readings that the sender may send, and that name no more than it may. */
  #permitted(all: ParsedBody, sender: Sender): ParsedBody | Refusal {
    const { access, desired } = this.#deps;
    const latest = Math.max(monotonicNow(), desired.version) + MAX_SUBMISSION_AHEAD_MS;
    if (all.messages.some(({ message }) => Number(message.job_submission_time ?? 0) > latest)) {
      const message = 'job_submission_time is minutes ahead of this clock: no deployment can have given it yet';
      return refusal(503, 'SUBMISSION_AHEAD', message, 2);
    }
    const own = refuseSome(all, (message) => access.problemOf(sender, hostOf(message)));
    if ('code' in own) return own;
    const host = String(hostOf(own.messages[0]?.message ?? {}) ?? 'unknown');
    const wait = this.#limiter?.take(hostKey(host), own.messages.length, performance.now());
    if (wait !== undefined) return refusal(429, 'TOO_FAST', 'this sender sends too many readings', wait);
    return refuseSome(own, (message) => this.#places.findProblem(message, performance.now(), !sender.anonymous));
  }

  #forward(messages: ParsedBody['messages'], reported: string | undefined): Promise<Sent['outcomes']> {
    const { batcher, counts } = this.#deps;
    const attributes =
      reported !== undefined && REPORTED.test(reported) ? { [SENSOR_CONFIG_ATTRIBUTE]: reported } : undefined;
    return Promise.all(
      messages.map(async ({ index, text, message }) => {
        const outcome = await batcher.add(attributes ? { body: text, attributes } : { body: text });
        if (outcome.status === 'accepted') counts.accept(message);
        return { index, ...outcome };
      }),
    );
  }

  #answerOf({ body, outcomes, superseded, config }: Sent): Response {
    const { refuse, counts } = this.#deps;
    const busy = outcomes.find((outcome) => outcome.status === 'busy');
    if (busy?.status === 'busy') return refuse(refusal(503, busy.code, busy.reason, 2));
    const byQueue = outcomes.flatMap((outcome) =>
      outcome.status === 'refused' ? { index: outcome.index, code: outcome.code, reason: outcome.reason } : [],
    );
    const [only] = byQueue;
    if (!body.batch && only) return refuse(refusal(422, only.code, only.reason));
    for (const { code } of byQueue) counts.refuse(code);
    const tail = config && { config };
    const accepted = outcomes.length - byQueue.length;
    const refused = [...body.refused.map(({ index, code, message }) => ({ index, code, reason: message })), ...byQueue];
    if (refused.length > 0) return Response.json({ status: 'partial', accepted, refused, ...tail }, { status: 207 });
    if (accepted === 0) return Response.json({ status: 'superseded', ...tail });
    return Response.json({ status: 'accepted', accepted, ...(superseded > 0 ? { superseded } : {}), ...tail });
  }
}

/** The sender's effective configuration, when the sender has an older one. Cheap while all are up to date. */
function newerConfig(
  desired: DesiredConfigStore,
  reported: string | undefined,
  message: Record<string, unknown>,
): object | undefined {
  if (reported === undefined) return undefined;
  const version = versionOf(reported);
  desired.recordReportedVersion(version);
  if (!(version < desired.version)) return undefined;
  const effective = desired.effective(String(message.region), String(message.hostname));
  return effective.version > version ? effective : undefined;
}

/** Of a sensor's report; not a number when it has none. */
const versionOf = (reported = '') => Number(/^v=(\d{1,15});/.exec(reported)?.[1] ?? Number.NaN);
