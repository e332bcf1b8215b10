/** What of a request goes to the queue, what is refused and why, and what its sender is answered. */
import { effectiveConfig } from '../../protocol/desired-config.js';
import { hostOf, MAX_SUBMISSION_AHEAD_MS, type Message } from '../../protocol/message.js';
import { hostKey } from '../../protocol/names.js';
import type { DesiredConfigStore } from '../desired-config-store.js';
import { type ProxyCounts, regionOf } from '../proxy-counts.js';
import { type Refusal, refusal } from '../refusal.js';
import type { Sender, SensorAccess } from '../sensor-access.js';
import { NameLimits } from './name-limits.js';
import type { Body, SentMessage } from './parse-body.js';
import { RateLimiter } from './rate-limiter.js';
import { SupersededFilter } from './superseded.js';

const AHEAD = 'job_submission_time is minutes ahead of this clock: no deployment can have given it yet';

/** A request of a sensor that was not refused as a whole. */
export interface Accepted extends Body {
  reported: string | undefined;
  /** Messages that were not refused before, and those of them that the queue gets. */
  permitted: SentMessage[];
  current: SentMessage[];
}

export interface Answer {
  status: 200 | 207;
  body: object;
}

export interface JudgeDeps {
  access: SensorAccess;
  desired: DesiredConfigStore;
  counts: ProxyCounts;
  rateLimit?: number;
}

export class Judge {
  readonly #filter: SupersededFilter;
  readonly #places: NameLimits;
  readonly #limiter: RateLimiter | undefined;

  /** `shards`: how many views of a fleet the readings go to. */
  constructor(
    private readonly deps: JudgeDeps,
    shards = 1,
  ) {
    this.#filter = new SupersededFilter(shards);
    this.#places = new NameLimits(shards);
    this.#limiter = deps.rateLimit ? new RateLimiter(deps.rateLimit) : undefined;
  }

  /** Finds what of a sensor's request goes to the queue, or why it is refused. */
  accept({ batch, messages }: Body, sender: Sender, claimed: string | undefined): Accepted | Refusal {
    const { counts } = this.deps;
    const problem = this.#check(messages, sender);
    if (problem) return problem;
    counts.received += messages.length;
    const permitted = messages.filter(({ refusal }) => !refusal);
    const reported = this.#reportOf(claimed, sender);
    const current = permitted.filter((sent) => {
      sent.reported = reported;
      const superseded = this.#filter.isSuperseded(sent.message);
      if (superseded) counts.superseded.add(regionOf(sent.message));
      return !superseded;
    });
    return { batch, messages, reported, permitted, current };
  }

  /** When the queue has decided. */
  answerTo({ batch, messages, reported, permitted, current }: Accepted): Answer | Refusal {
    const [first] = permitted;
    const config = first && newerConfig(this.deps.desired, reported, first.message);
    const busy = current.find(({ busy }) => busy)?.busy;
    if (busy) return busy;
    if (!batch && messages[0]?.refusal) return messages[0].refusal;
    const tail = config && { config };
    const accepted = current.filter(({ refusal }) => !refusal).length;
    const refused = this.refusedOf(messages);
    if (refused.length > 0) return { status: 207, body: { status: 'partial', accepted, refused, ...tail } };
    if (accepted === 0) return { status: 200, body: { status: 'superseded', ...tail } };
    const superseded = permitted.length - current.length || undefined;
    return { status: 200, body: { status: 'accepted', accepted, superseded, ...tail } };
  }

  /** Finds what of a relay's readings goes to the queue: which are superseded it has judged itself. */
  acceptRelayed(messages: SentMessage[], sender: Sender): SentMessage[] {
    this.#refuseWrong(messages, sender);
    this.#refuseTooMany(messages, sender);
    this.deps.counts.received += messages.length;
    const permitted = messages.filter(({ refusal }) => !refusal);
    for (const sent of permitted) {
      sent.reported = this.#reportOf(sent.reported, sender);
      this.deps.desired.recordReportedVersion(versionOf(sent.reported));
    }
    return permitted;
  }

  /** As an answer lists them; counted. */
  refusedOf(messages: SentMessage[]): { index: number; code: string; reason: string }[] {
    const refused = messages.flatMap(({ refusal }, index) =>
      refusal ? [{ index, code: refusal.code, reason: refusal.message }] : [],
    );
    for (const { code } of refused) this.deps.counts.refuse(code);
    return refused;
  }

  /** Why the whole request of a sensor is refused. Readings that it may not send are refused one by one. */
  #check(messages: SentMessage[], sender: Sender): Refusal | undefined {
    this.#refuseWrong(messages, sender);
    const early = messages.find(({ refusal }) => refusal?.code === 'SUBMISSION_AHEAD');
    if (early) return early.refusal;
    if (this.#limiter) {
      const own = messages.filter(({ refusal }) => !refusal);
      const host = String(hostOf(own[0]?.message ?? {}) ?? 'unknown');
      const wait = this.#limiter.take(hostKey(host), own.length, performance.now());
      if (wait !== undefined)
        return { ...refusal('TOO_FAST', 'this sender sends too many readings'), retryAfter: wait };
    }
    this.#refuseTooMany(messages, sender);
    return undefined;
  }

  /** Refuses what the sender may not send. */
  #refuseWrong(messages: SentMessage[], sender: Sender): void {
    // Not before the time that was reached already, also when the clock is set back.
    const now = Math.max(Date.now(), performance.timeOrigin + performance.now(), this.deps.desired.version);
    const isEarly = ({ job_submission_time: time = 0 }: Message) => Number(time) > now + MAX_SUBMISSION_AHEAD_MS;
    refuseSome(messages, (message) =>
      isEarly(message) ? refusal('SUBMISSION_AHEAD', AHEAD) : this.deps.access.problemOf(sender, message),
    );
  }

  /** Refuses what names more than the sender may. */
  #refuseTooMany(messages: SentMessage[], sender: Sender): void {
    const now = performance.now();
    refuseSome(messages, (message) => this.#places.findProblem(message, now, !sender.anonymous, sender.relay));
  }

  /** What a sender reports about itself; not a version that this proxy has not given, which keeps the operator from changing anything. */
  #reportOf(claimed: string | undefined, sender: Sender): string | undefined {
    return sender.unproven && versionOf(claimed) > this.deps.desired.newestKnown ? undefined : claimed;
  }
}

function refuseSome(messages: SentMessage[], findProblem: (message: Message) => Refusal | undefined): void {
  for (const sent of messages) {
    const problem = sent.refusal ?? findProblem(sent.message);
    if (problem) sent.refusal = problem;
  }
}

/** Of a sensor's report; not a number when it has none. */
const versionOf = (reported = '') => Number(/^v=(\d{1,15});/.exec(reported)?.[1] ?? Number.NaN);

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
