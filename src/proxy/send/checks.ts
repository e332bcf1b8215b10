/** What of a request may not be sent: by its sender, by what its readings name, or for now. */
import { hostOf, MAX_SUBMISSION_AHEAD_MS, type Message } from '../../protocol/message.js';
import { hostKey } from '../../protocol/names.js';
import type { DesiredConfigStore } from '../desired-config-store.js';
import { type Refusal, refusal } from '../refusal.js';
import type { Sender, SensorAccess } from '../sensor-access.js';
import { NameLimits } from './name-limits.js';
import type { SentMessage } from './parse-body.js';
import { RateLimiter } from './rate-limiter.js';

const AHEAD = 'job_submission_time is minutes ahead of this clock: no deployment can have given it yet';

export class Checks {
  readonly #places = new NameLimits();
  readonly #limiter: RateLimiter | undefined;

  constructor(
    private readonly access: SensorAccess,
    private readonly desired: DesiredConfigStore,
    rateLimit: number | undefined,
  ) {
    this.#limiter = rateLimit ? new RateLimiter(rateLimit) : undefined;
  }

  /** Why the whole request of a sensor is refused. Readings that it may not send are refused one by one. */
  ofSensor(messages: SentMessage[], sender: Sender): Refusal | undefined {
    this.refuseWrong(messages, sender);
    const early = messages.find(({ refusal }) => refusal?.code === 'SUBMISSION_AHEAD');
    if (early) return early.refusal;
    if (this.#limiter) {
      const own = messages.filter(({ refusal }) => !refusal);
      const host = String(hostOf(own[0]?.message ?? {}) ?? 'unknown');
      const wait = this.#limiter.take(hostKey(host), own.length, performance.now());
      if (wait !== undefined)
        return { ...refusal('TOO_FAST', 'this sender sends too many readings'), retryAfter: wait };
    }
    this.refuseTooMany(messages, sender);
    return undefined;
  }

  /** Refuses what the sender may not send. */
  refuseWrong(messages: SentMessage[], sender: Sender): void {
    // Not before the time that was reached already, also when the clock is set back.
    const now = Math.max(Date.now(), performance.timeOrigin + performance.now(), this.desired.version);
    const isEarly = ({ job_submission_time: time = 0 }: Message) => Number(time) > now + MAX_SUBMISSION_AHEAD_MS;
    refuseSome(messages, (message) =>
      isEarly(message) ? refusal('SUBMISSION_AHEAD', AHEAD) : this.access.problemOf(sender, message),
    );
  }

  /** Refuses what names more than the sender may. */
  refuseTooMany(messages: SentMessage[], sender: Sender): void {
    const now = performance.now();
    refuseSome(messages, (message) => this.#places.findProblem(message, now, !sender.anonymous, sender.relay));
  }

  /** What a sender reports about itself; not a version that this proxy has not given, which keeps the operator from changing anything. */
  reportOf(claimed: string | undefined, sender: Sender): string | undefined {
    return sender.unproven && versionOf(claimed) > this.desired.newestKnown ? undefined : claimed;
  }
}

function refuseSome(messages: SentMessage[], findProblem: (message: Message) => Refusal | undefined): void {
  for (const sent of messages) {
    const problem = sent.refusal ?? findProblem(sent.message);
    if (problem) sent.refusal = problem;
  }
}

/** Of a sensor's report; not a number when it has none. */
export const versionOf = (reported = '') => Number(/^v=(\d{1,15});/.exec(reported)?.[1] ?? Number.NaN);
