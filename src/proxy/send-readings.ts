/**
 * `POST /send` of sensors, and `POST /relay` of relays: checks who sends and what, drops readings of superseded submissions,
 * and answers once the queue has accepted the rest.
 */
import type { Context } from 'hono';
import { AppError } from '../lib/errors/app-error.js';
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import { readBody } from '../lib/net/request-body.js';
import { addressOf, type WrongTokens } from '../lib/net/wrong-tokens.js';
import { effectiveConfig } from '../protocol/desired-config.js';
import { hostOf, MAX_SUBMISSION_AHEAD_MS, type Message } from '../protocol/message.js';
import { hostKey } from '../protocol/names.js';
import { formatRelayReport, parseRelayReport, RELAY_ATTRIBUTE, RELAY_HEADER } from '../protocol/relay.js';
import { SENSOR_CONFIG_HEADER } from '../protocol/sensor-config.js';
import { shardOfMessage } from '../protocol/shard.js';
import type { Batcher } from './batcher.js';
import type { DesiredConfigStore } from './desired-config-store.js';
import { NameLimits } from './name-limits.js';
import { type Outgoing, packable, packed, single } from './outgoing.js';
import { MAX_RELAYED_BYTES, MAX_SEND_BYTES, parseBody, parseRelayed, type SentMessage } from './parse-body.js';
import type { GuardOptions, ProxyDeps } from './proxy.js';
import { type ProxyCounts, regionOf } from './proxy-counts.js';
import { RateLimiter } from './rate-limiter.js';
import { type Refusal, refusal } from './refusal.js';
import type { Sender, SensorAccess } from './sensor-access.js';
import { SupersededFilter } from './superseded.js';

interface SendDeps extends Pick<GuardOptions, 'hosts' | 'rateLimit'>, Pick<ProxyDeps, 'pack'> {
  /** One for each shard. */
  batchers: Batcher[];
  desired: DesiredConfigStore;
  access: SensorAccess;
  wrongTokens: WrongTokens;
  counts: ProxyCounts;
  /** Messages in the queue; undefined: not known. */
  queued(): number | undefined;
}

/** Readings of a request that is a part of a backlog. */
const LARGE = 500;

export class SendReadings {
  readonly #deps: SendDeps;
  readonly #filter: SupersededFilter;
  readonly #places: NameLimits;
  readonly #limiter: RateLimiter | undefined;

  constructor(deps: SendDeps) {
    this.#deps = deps;
    this.#filter = new SupersededFilter(deps.batchers.length);
    this.#places = new NameLimits(deps.batchers.length);
    this.#limiter = deps.rateLimit ? new RateLimiter(deps.rateLimit) : undefined;
  }

  /** `POST /send`: the answer, or why the whole request is refused. Rejects with an {@link AppError} that says why. */
  async answer(c: Context): Promise<Response | Refusal> {
    const { counts, desired } = this.#deps;
    const sender = await this.#senderOf(c);
    if (sender.relay !== undefined)
      throw new AppError('TOKEN_WRONG', 'the token is that of a relay, and not of a host');
    const { batch, messages } = await readBody(c, (bytes) => parseBody(bytes, Date.now()), MAX_SEND_BYTES);
    const problem = this.#check(messages, sender);
    if (problem) return problem;

    counts.received += messages.length;
    const permitted = messages.filter(({ refusal }) => !refusal);
    const current = permitted.filter(({ message }) => {
      const superseded = this.#filter.isSuperseded(message);
      if (superseded) counts.superseded.add(regionOf(message));
      return !superseded;
    });
    const reported = this.#reportOf(c.req.header(SENSOR_CONFIG_HEADER), sender);
    for (const sent of current) sent.reported = reported;
    const problemOfQueue = await this.#forward(current.map(this.#deps.pack ? packable : single));
    const first = permitted[0]?.message;
    const config = first && newerConfig(desired, reported, first);
    if (problemOfQueue) return problemOfQueue;
    if (!batch && messages[0]?.refusal) return messages[0].refusal;

    const tail = config && { config };
    const accepted = current.filter(({ refusal }) => !refusal).length;
    const refused = this.#refusedOf(messages);
    if (refused.length > 0) return Response.json({ status: 'partial', accepted, refused, ...tail }, { status: 207 });
    if (accepted === 0) return Response.json({ status: 'superseded', ...tail });
    const superseded = permitted.length - current.length || undefined;
    return Response.json({ status: 'accepted', accepted, superseded, ...tail });
  }

  /**
   * `POST /relay`: as {@link answer}. Which readings are superseded their relay has judged when they came: here they may come
   * in another order.
   */
  async answerRelay(c: Context): Promise<Response | Refusal> {
    const sender = await this.#senderOf(c);
    if (sender.node !== undefined) throw new AppError('TOKEN_WRONG', 'the token is that of a host, and not of a relay');
    const parse = (bytes: Uint8Array) => parseRelayed(bytes, Date.now());
    const messages = await readBody(c, parse, MAX_SEND_BYTES, MAX_RELAYED_BYTES);
    this.#refuseWrong(messages, sender);
    this.#refuseTooMany(messages, sender);
    this.#deps.counts.received += messages.length;
    const permitted = messages.filter(({ refusal }) => !refusal);
    for (const sent of permitted) {
      sent.reported = this.#reportOf(sent.reported, sender);
      this.#deps.desired.recordReportedVersion(versionOf(sent.reported));
    }
    const outgoing = this.#deps.pack ? this.#byShard(permitted).flatMap(packed) : permitted.map(single);
    const report = parseRelayReport(c.req.header(RELAY_HEADER));
    const [first] = outgoing;
    if (first && report && (sender.relay ?? report.region) === report.region) {
      first.attributes = { ...first.attributes, [RELAY_ATTRIBUTE]: formatRelayReport(report) };
    }
    const problem = await this.#forward(outgoing);
    if (problem) return problem;
    const refused = this.#refusedOf(messages);
    const accepted = messages.length - refused.length;
    // A backlog that fills the queue would delay the readings of now there.
    const depth = messages.length < LARGE ? undefined : this.#deps.queued();
    const queued = depth && Math.round((depth * permitted.length) / outgoing.length);
    if (refused.length === 0) return Response.json({ status: 'accepted', accepted, queued });
    return Response.json({ status: 'partial', accepted, refused, queued }, { status: 207 });
  }

  /** A wrong token is answered late, also where nobody needs one. */
  async #senderOf(c: Context): Promise<Sender> {
    const foreign = findBrowserProblem(c, this.#deps.hosts);
    if (foreign) throw foreign;
    const authorization = c.req.header('authorization');
    const address = addressOf(c);
    const sender = this.#deps.access.identify(authorization, Date.now());
    const isWrong = sender instanceof AppError ? sender.code === 'TOKEN_WRONG' : sender.unproven;
    if (isWrong && authorization !== undefined && address !== undefined) await this.#deps.wrongTokens.wait(address);
    if (sender instanceof AppError) throw sender;
    return sender;
  }

  /** A version that this proxy has not given keeps the operator from changing anything. */
  #reportOf(claimed: string | undefined, sender: Sender): string | undefined {
    return sender.unproven && versionOf(claimed) > this.#deps.desired.newestKnown ? undefined : claimed;
  }

  /** Why the whole request of a sensor is refused. Readings that it may not send are refused one by one. */
  #check(messages: SentMessage[], sender: Sender): Refusal | undefined {
    this.#refuseWrong(messages, sender);
    const early = messages.find(({ refusal }) => refusal?.code === 'SUBMISSION_AHEAD');
    if (early) return early.refusal;
    const own = messages.filter(({ refusal }) => !refusal);
    const host = String(hostOf(own[0]?.message ?? {}) ?? 'unknown');
    const wait = this.#limiter?.take(hostKey(host), own.length, performance.now());
    if (wait !== undefined) return { ...refusal('TOO_FAST', 'this sender sends too many readings'), retryAfter: wait };
    this.#refuseTooMany(messages, sender);
    return undefined;
  }

  /** Refuses what the sender may not send. */
  #refuseWrong(messages: SentMessage[], sender: Sender): void {
    const { access, desired } = this.#deps;
    // Not before the time that was reached already, also when the clock is set back.
    const now = Math.max(Date.now(), performance.timeOrigin + performance.now(), desired.version);
    const isEarly = ({ job_submission_time: time = 0 }: Message) => Number(time) > now + MAX_SUBMISSION_AHEAD_MS;
    refuseSome(messages, (message) =>
      isEarly(message) ? refusal('SUBMISSION_AHEAD', AHEAD) : access.problemOf(sender, message),
    );
  }

  /** Refuses what names more than the sender may. */
  #refuseTooMany(messages: SentMessage[], sender: Sender): void {
    refuseSome(messages, (message) =>
      this.#places.findProblem(message, performance.now(), !sender.anonymous, sender.relay),
    );
  }

  #shardOf({ message }: SentMessage): number {
    return shardOfMessage(message, this.#deps.batchers.length);
  }

  #byShard(messages: SentMessage[]): SentMessage[][] {
    const shards: SentMessage[][] = this.#deps.batchers.map(() => []);
    for (const sent of messages) shards[this.#shardOf(sent)]?.push(sent);
    return shards;
  }

  /** Resolves when the queue has decided about all: with the reason when it can't accept one now. */
  async #forward(messages: Outgoing[]): Promise<Refusal | undefined> {
    const { batchers, counts } = this.#deps;
    let busy: Refusal | undefined;
    const refused: SentMessage[] = [];
    // All are added at once.
    const outcomes = messages.map((outgoing) => batchers[this.#shardOf(outgoing.readings[0]!)]!.add(outgoing));
    for (const [i, { readings }] of messages.entries()) {
      const outcome = await outcomes[i]!;
      if (outcome.status === 'accepted') for (const { message } of readings) counts.accept(message);
      else if (outcome.status === 'busy')
        busy ??= { status: 503, code: outcome.code, message: outcome.reason, retryAfter: 2 };
      else if (readings.length > 1) refused.push(...readings);
      else for (const sent of readings) sent.refusal = { status: 422, code: outcome.code, message: outcome.reason };
    }
    // One of a packed message is what the queue refuses.
    return busy ?? (refused.length > 0 ? this.#forward(refused.map(single)) : undefined);
  }

  /** As an answer lists them; counted. */
  #refusedOf(messages: SentMessage[]): { index: number; code: string; reason: string }[] {
    const refused = messages.flatMap(({ refusal }, index) =>
      refusal ? [{ index, code: refusal.code, reason: refusal.message }] : [],
    );
    for (const { code } of refused) this.#deps.counts.refuse(code);
    return refused;
  }
}

function refuseSome(messages: SentMessage[], findProblem: (message: Message) => Refusal | undefined): void {
  for (const sent of messages) {
    const problem = sent.refusal ?? findProblem(sent.message);
    if (problem) sent.refusal = problem;
  }
}

const AHEAD = 'job_submission_time is minutes ahead of this clock: no deployment can have given it yet';

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
  const effective = effectiveConfig(desired.state, String(message.region), String(message.hostname));
  return effective.version > version ? effective : undefined;
}

/** Of a sensor's report; not a number when it has none. */
const versionOf = (reported = '') => Number(/^v=(\d{1,15});/.exec(reported)?.[1] ?? Number.NaN);
