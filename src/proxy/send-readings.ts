/**
 * `POST /send`: checks who sends and what, drops readings of superseded submissions, and answers once the queue has accepted
 * the rest.
 */
import type { Context } from 'hono';
import { AppError } from '../lib/errors/app-error.js';
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import { connectionOf } from '../lib/net/client-gone.js';
import { readBody } from '../lib/net/request-body.js';
import { addressOf, type WrongTokens } from '../lib/net/wrong-tokens.js';
import { hostOf, type Message } from '../protocol/message.js';
import { hostKey } from '../protocol/names.js';
import { SENSOR_CONFIG_ATTRIBUTE, SENSOR_CONFIG_HEADER } from '../protocol/sensor-config.js';
import type { Batcher } from './batcher.js';
import type { DesiredConfigStore } from './desired-config-store.js';
import { NameLimits } from './name-limits.js';
import { MAX_SEND_BYTES, parseBody, type SentMessage } from './parse-body.js';
import { type ProxyCounts, regionOf } from './proxy-counts.js';
import { RateLimiter } from './rate-limiter.js';
import { type Refusal, refusal } from './refusal.js';
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

  /** The answer, or why the whole request is refused. Rejects with an {@link AppError} that says why. */
  async answer(c: Context): Promise<Response | Refusal> {
    const { hosts, counts, desired } = this.#deps;
    const foreign = findBrowserProblem((name) => c.req.header(name), hosts);
    if (foreign) throw foreign;
    const sender = await this.#senderOf(c);
    const { batch, messages } = await readBody(c, (bytes) => parseBody(bytes, Date.now()), MAX_SEND_BYTES);
    const problem = this.#check(messages, sender) ?? (batch ? undefined : messages[0]?.refusal);
    if (problem) return problem;

    counts.received += messages.length;
    const permitted = messages.filter(({ refusal }) => !refusal);
    const current = permitted.filter(({ message }) => {
      const superseded = this.#filter.isSuperseded(message);
      if (superseded) counts.superseded.add(regionOf(message));
      return !superseded;
    });
    const claimed = c.req.header(SENSOR_CONFIG_HEADER);
    // A version that this proxy has not given keeps the operator from changing anything.
    const reported = sender.unproven && versionOf(claimed) > desired.newestKnown ? undefined : claimed;
    const problemOfQueue = await this.#forward(current, reported);
    const first = permitted[0]?.message;
    const config = first && newerConfig(desired, reported, first);
    if (problemOfQueue) return problemOfQueue;
    if (!batch && messages[0]?.refusal) return messages[0].refusal;

    const tail = config && { config };
    const refused = messages.flatMap(({ refusal }, index) =>
      refusal ? [{ index, code: refusal.code, reason: refusal.message }] : [],
    );
    for (const { code } of refused) counts.refuse(code);
    const accepted = current.filter(({ refusal }) => !refusal).length;
    if (refused.length > 0) return Response.json({ status: 'partial', accepted, refused, ...tail }, { status: 207 });
    if (accepted === 0) return Response.json({ status: 'superseded', ...tail });
    const superseded = permitted.length - current.length;
    return Response.json({ status: 'accepted', accepted, ...(superseded > 0 ? { superseded } : {}), ...tail });
  }

  /** A wrong token is answered late, also where nobody needs one. */
  async #senderOf(c: Context): Promise<Sender> {
    const authorization = c.req.header('authorization');
    const address = addressOf(connectionOf(c).incoming);
    const sender = this.#deps.access.identify(authorization, Date.now());
    const isWrong = sender instanceof AppError ? sender.code === 'TOKEN_WRONG' : sender.unproven;
    if (isWrong && authorization !== undefined && address !== undefined) await this.#deps.wrongTokens.wait(address);
    if (sender instanceof AppError) throw sender;
    return sender;
  }

  /** Refuses what the sender may not send, and what names more than it may; returns why the whole request is refused. */
  #check(messages: SentMessage[], sender: Sender): Refusal | undefined {
    const { access, desired } = this.#deps;
    const permitted = () => messages.filter(({ refusal }) => !refusal);
    const latest = Math.max(monotonicNow(), desired.version) + MAX_SUBMISSION_AHEAD_MS;
    if (permitted().some(({ message }) => Number(message.job_submission_time ?? 0) > latest)) {
      const message = 'job_submission_time is minutes ahead of this clock: no deployment can have given it yet';
      throw new AppError('SUBMISSION_AHEAD', message);
    }
    refuseSome(permitted(), (message) => access.problemOf(sender, hostOf(message)));
    const own = permitted();
    const host = String(hostOf(own[0]?.message ?? {}) ?? 'unknown');
    const wait = this.#limiter?.take(hostKey(host), own.length, performance.now());
    if (wait !== undefined) return { ...refusal('TOO_FAST', 'this sender sends too many readings'), retryAfter: wait };
    refuseSome(own, (message) => this.#places.findProblem(message, performance.now(), !sender.anonymous));
    return undefined;
  }

  /** Resolves when the queue has decided about all: with the reason when it can't accept one now. */
  async #forward(messages: SentMessage[], reported: string | undefined): Promise<Refusal | undefined> {
    const { batcher, counts } = this.#deps;
    const attributes =
      reported !== undefined && REPORTED.test(reported) ? { [SENSOR_CONFIG_ATTRIBUTE]: reported } : undefined;
    let busy: Refusal | undefined;
    await Promise.all(
      messages.map(async (sent) => {
        const outcome = await batcher.add(attributes ? { body: sent.text, attributes } : { body: sent.text });
        if (outcome.status === 'accepted') return counts.accept(sent.message);
        const { code, reason: message } = outcome;
        if (outcome.status === 'refused') sent.refusal = { status: 422, code, message };
        else busy ??= { status: 503, code, message, retryAfter: 2 };
      }),
    );
    return busy;
  }
}

function refuseSome(messages: SentMessage[], findProblem: (message: Message) => Refusal | undefined): void {
  for (const sent of messages) {
    const problem = findProblem(sent.message);
    if (problem) sent.refusal = problem;
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
