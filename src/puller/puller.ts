/**
 * The puller's pipeline: several long polls → one group → sinks → delete. A message is deleted only when every required
 * sink has taken it; what no sink can ever take goes to the dead-letter queue with its reason.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../lib/async/backoff.js';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { findFieldProblem, isReading, isTooDeep, MAX_NESTING, type Message, toReading } from '../protocol/message.js';
import { parseReportedConfig, SENSOR_CONFIG_ATTRIBUTE } from '../protocol/sensor-config.js';
import { MAX_BATCH_COUNT, type Queue, type ReceivedMessage } from '../queue/queue.js';
import type { Delivery, Sink } from './sinks/sink.js';

export interface PullerOptions {
  queue: Queue;
  sinks: Sink[];
  /** Called with what the required sinks have taken, before it is deleted. */
  onTaken(deliveries: Delivery[]): void;
  /** Said once for each new kind of trouble, and when it is over. */
  onTrouble(text: string): void;
  /** Long polls at the same time; under load there are more, see {@link MOST_POLLS}. */
  pollers?: number;
  waitSeconds?: number;
  /** Time between two groups under load, in milliseconds; after a quiet time a message is not held back. */
  lingerMs?: number;
}

export interface PullerStats {
  received: number;
  deleted: number;
  deadLettered: number;
  failures: number;
  lastError: string | undefined;
}

interface Pending {
  message: ReceivedMessage;
  delivery: Delivery;
}

/** What the puller can do, or can't for a while; as it is said when it can again. */
type Ability =
  | 'the queue answers'
  | 'readings are taken'
  | 'messages are deleted'
  | 'dead letters are taken'
  | `the ${string} sink takes readings`;

/** After an error of credentials or rights there is no point in asking often. */
const SLOW_RETRY = new Set(['QUEUE_CREDENTIALS', 'QUEUE_DENIED', 'QUEUE_NOT_FOUND']);
const SLOW_RETRY_MS = 10_000;
/** Messages received and not yet through the sinks; polling pauses above. */
const MAX_PENDING = 2_000;
/** A queue that fills is emptied by up to this many times the usual number of polls at the same time. */
const MOST_POLLS = 4;
/** So many full answers, one after the other, mean that the queue fills; fewer are one commit of the queue. */
const MANY_FULL = 10;

export class Puller {
  readonly stats: PullerStats = { received: 0, deleted: 0, deadLettered: 0, failures: 0, lastError: undefined };
  private readonly stopping = new AbortController();
  private readonly loops = new Set<Promise<void>>();
  private readonly deletions = new Set<Promise<void>>();
  private pending: Pending[] = [];
  private flushing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastFlush = 0;
  private fullInARow = 0;
  /** What does not work now, and why. */
  private readonly troubles = new Map<Ability, string>();

  constructor(private readonly options: PullerOptions) {
    // All polls listen to it, and a call that is over may leave its listener a moment longer.
    setMaxListeners(2 * this.pollers * MOST_POLLS, this.stopping.signal);
  }

  start(): void {
    for (let i = 0; i < this.pollers; i++) this.addPoll('lasting');
  }

  /** Stops receiving, brings what was received to its end, and resolves. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops);
    while (this.pending.length > 0 || this.flushing) await this.flush();
    await Promise.all(this.deletions);
  }

  private get pollers(): number {
    return this.options.pollers ?? 4;
  }

  private addPoll(kind: 'lasting' | 'extra'): void {
    const loop = this.poll(kind).finally(() => this.loops.delete(loop));
    this.loops.add(loop);
  }

  /** An extra poll never waits, and ends with the first answer that is not full. */
  private async poll(kind: 'lasting' | 'extra'): Promise<void> {
    const { signal } = this.stopping;
    const { queue } = this.options;
    const waitSeconds = kind === 'extra' ? 0 : (this.options.waitSeconds ?? 20);
    for (let failures = 0; !signal.aborted; ) {
      // What is received while no sink takes it counts as a failed delivery, and ends among the dead letters.
      if (this.troubles.has('readings are taken')) await this.flushing;
      if (signal.aborted) return;
      try {
        const messages = await queue.receive({ waitSeconds, signal });
        this.works('the queue answers');
        failures = 0;
        this.take(messages);
        const full = messages.length === MAX_BATCH_COUNT;
        this.fullInARow = full ? this.fullInARow + 1 : 0;
        if (this.fullInARow >= MANY_FULL && this.loops.size < this.pollers * MOST_POLLS) this.addPoll('extra');
        if (!full && kind === 'extra') return;
        while (this.pending.length > MAX_PENDING && !signal.aborted) await this.flush();
      } catch (error) {
        if (signal.aborted) return;
        this.fails('the queue answers', messageOf(error));
        const slow = error instanceof AppError && SLOW_RETRY.has(error.code);
        await sleep(slow ? SLOW_RETRY_MS : jittered(failures++, 100, 2000), undefined, { signal }).catch(() => {});
      }
    }
  }

  private take(messages: ReceivedMessage[]): void {
    this.stats.received += messages.length;
    const receivedAt = Date.now();
    for (const message of messages) {
      const delivery = toDelivery(message, receivedAt);
      if (typeof delivery === 'string') void this.reject(message, delivery);
      else this.pending.push({ message, delivery });
    }
    if (this.pending.length >= 20 * MAX_BATCH_COUNT) void this.flush();
    else if (this.pending.length > 0) this.flushSoon();
  }

  private flushSoon(): void {
    const pause = this.lastFlush + (this.options.lingerMs ?? 20) - performance.now();
    this.timer ??= setTimeout(() => void this.flush(), Math.max(0, pause));
  }

  private async flush(): Promise<void> {
    if (this.flushing) return this.flushing;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.lastFlush = performance.now();
    const group = this.pending.splice(0);
    if (group.length === 0) return;
    this.flushing = this.handOver(group).finally(() => {
      this.flushing = undefined;
      if (this.pending.length > 0) this.flushSoon();
    });
    return this.flushing;
  }

  private async handOver(group: Pending[]): Promise<void> {
    const { signal } = this.stopping;
    const deliveries = group.map(({ delivery }) => delivery);
    let reasons: Map<Pending, string> | undefined;
    while (!(reasons = await this.tryRequired(group, deliveries))) {
      // At the end nothing is deleted: the queue gives the group again after its visibility timeout.
      if (signal.aborted) return;
      await sleep(1000, undefined, { signal }).catch(() => {});
    }
    this.works('readings are taken');
    const taken = group.filter((entry) => !reasons.has(entry));
    this.options.onTaken(taken.map(({ delivery }) => delivery));
    for (const sink of this.options.sinks.filter(({ required }) => !required)) await this.offer(sink, deliveries);
    for (const [{ message }, reason] of reasons) void this.reject(message, reason);
    for (let i = 0; i < taken.length; i += MAX_BATCH_COUNT) {
      this.track(this.remove(taken.slice(i, i + MAX_BATCH_COUNT).map(({ message }) => message.receipt)));
    }
  }

  /** Why single messages can't ever be taken; undefined when a required sink takes nothing now. */
  private async tryRequired(group: Pending[], deliveries: Delivery[]): Promise<Map<Pending, string> | undefined> {
    const reasons = new Map<Pending, string>();
    try {
      for (const sink of this.options.sinks.filter(({ required }) => required)) {
        const results = await sink.accept(deliveries);
        for (const [i, entry] of group.entries()) {
          if (results[i] !== undefined) reasons.set(entry, `${sink.name}: ${results[i]}`);
        }
      }
      return reasons;
    } catch (error) {
      this.fails('readings are taken', `a sink can't take readings: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Hands readings to a sink that need not take them. */
  private async offer(sink: Sink, deliveries: Delivery[]): Promise<void> {
    try {
      await sink.accept(deliveries);
      this.works(`the ${sink.name} sink takes readings`);
    } catch (error) {
      this.fails(`the ${sink.name} sink takes readings`, `the ${sink.name} sink missed readings: ${messageOf(error)}`);
    }
  }

  /** A deletion that fails is no loss: the message comes again and is recognised as a duplicate. */
  private async remove(receipts: string[]): Promise<void> {
    let left = receipts;
    for (let attempt = 0; attempt < 5 && left.length > 0; attempt++) {
      try {
        const failed = await this.options.queue.delete(left);
        this.stats.deleted += left.length - failed.length;
        left = failed;
        this.works('messages are deleted');
      } catch (error) {
        this.fails('messages are deleted', messageOf(error));
      }
      if (left.length > 0) await sleep(jittered(attempt, 100, 2000));
    }
  }

  /** Moves a message to the dead-letter queue; when that fails it stays where it is and comes again. */
  private reject(message: ReceivedMessage, reason: string): Promise<void> {
    const move = async () => {
      try {
        await this.options.queue.deadLetter(message, reason);
        this.stats.deadLettered++;
        this.works('dead letters are taken');
        await this.remove([message.receipt]);
      } catch (error) {
        const trouble = `a message that can't be taken (${reason}) stays in the queue: ${messageOf(error)}`;
        this.fails('dead letters are taken', trouble);
      }
    };
    return this.track(move());
  }

  private track(work: Promise<void>): Promise<void> {
    this.deletions.add(work);
    return work.finally(() => this.deletions.delete(work));
  }

  private fails(what: Ability, trouble: string): void {
    this.stats.failures++;
    this.stats.lastError = trouble;
    if (this.troubles.get(what) === trouble) return;
    this.troubles.set(what, trouble);
    this.options.onTrouble(trouble);
  }

  private works(what: Ability): void {
    if (this.troubles.delete(what)) this.options.onTrouble(`${what} again`);
  }
}

/** Gives a text when the message is nothing that a sink could take. */
function toDelivery({ id, body, attributes }: ReceivedMessage, receivedAt: number): Delivery | string {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    return 'the body is not JSON';
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return 'the body is not a JSON object';
  const object = message as Message;
  // The proxy looks already, but others may send to the queue, too; one bad reading must not hold up the rest of its group.
  if (isTooDeep(object)) return `its values are nested more than ${MAX_NESTING} levels deep`;
  const problem = isReading(object) ? findFieldProblem(object, receivedAt) : undefined;
  if (problem) return problem.reason;
  const reading = isReading(object) ? toReading(object) : undefined;
  return {
    id,
    body,
    message: object,
    reading,
    config: parseReportedConfig(attributes[SENSOR_CONFIG_ATTRIBUTE]),
    receivedAt,
  };
}
