/**
 * `POST /send` of sensors, `POST /send/many` of those who run many, and `POST /relay` of relays: checks who sends and what, drops
 * readings of superseded submissions, and answers once the queue has accepted the rest.
 */
import type { Context } from 'hono';
import { AppError } from '../../lib/errors/app-error.js';
import { httpErrorBody } from '../../lib/errors/http-error.js';
import { findBrowserProblem } from '../../lib/net/browser-guard.js';
import { readBody } from '../../lib/net/request-body.js';
import { addressOf, type WrongTokens } from '../../lib/net/wrong-tokens.js';
import { formatRelayReport, parseRelayReport, RELAY_ATTRIBUTE, RELAY_HEADER } from '../../protocol/relay.js';
import { answerLine, MAX_SENDS, SEND_MANY_HEADER } from '../../protocol/send-many.js';
import { SENSOR_CONFIG_HEADER } from '../../protocol/sensor-config.js';
import { shardOfMessage } from '../../protocol/shard.js';
import type { GuardOptions, ProxyDeps } from '../proxy.js';
import { type Refusal, refusalOf } from '../refusal.js';
import type { Sender } from '../sensor-access.js';
import type { Batcher } from './batcher.js';
import { type Accepted, Judge, type JudgeDeps } from './judge.js';
import { type Outgoing, packable, packed, single } from './outgoing.js';
import {
  MAX_RELAYED_BYTES,
  MAX_SEND_BYTES,
  parseBody,
  parseMany,
  parseRelayed,
  type SentMessage,
  type SentRequest,
} from './parse-body.js';

interface SendDeps extends JudgeDeps, Pick<GuardOptions, 'hosts'>, Pick<ProxyDeps, 'pack'> {
  /** One for each shard. */
  batchers: Batcher[];
  wrongTokens: WrongTokens;
  /** Messages in the queue; undefined: not known. */
  queued(): number | undefined;
  /** Called with what one of many requests is refused for. */
  onRefused(problem: Refusal): void;
}

/** Readings of a request that is a part of a backlog. */
const LARGE = 500;

const ADVERTISED = { 'content-type': 'application/json', [SEND_MANY_HEADER]: String(MAX_SENDS) };

export class SendReadings {
  readonly #deps: SendDeps;
  readonly #judge: Judge;

  constructor(deps: SendDeps) {
    this.#deps = deps;
    this.#judge = new Judge(deps, deps.batchers.length);
  }

  /** `POST /send`: the answer, or why the whole request is refused. Rejects with an {@link AppError} that says why. */
  async answer(c: Context): Promise<Response | Refusal> {
    const sender = await this.#senderOf(c);
    if (sender.relay !== undefined) throw ofRelay();
    const body = await readBody(c, (bytes) => parseBody(bytes, Date.now()), MAX_SEND_BYTES);
    const sent = this.#judge.accept(body, sender, c.req.header(SENSOR_CONFIG_HEADER));
    if ('code' in sent) return sent;
    await this.#forward(sent.current.map(this.#deps.pack ? packable : single));
    const answer = this.#judge.answerTo(sent);
    if ('code' in answer) return answer;
    return new Response(JSON.stringify(answer.body), { status: answer.status, headers: ADVERTISED });
  }

  /**
   * `POST /send/many`: an answer to each of its requests, which is what {@link answer} gives. With one wrong token nothing is
   * taken: else many could be tried at once. Rejects as `answer` does.
   */
  async answerMany(c: Context): Promise<Response> {
    this.#refuseForeign(c);
    const requests = await readBody(c, (bytes) => parseMany(bytes, Date.now()), MAX_SEND_BYTES);
    const now = Date.now();
    const senders = requests.map(({ authorization }) => this.#deps.access.identify(authorization, now));
    if (senders.some((sender, i) => isWrong(sender, requests[i]?.authorization))) {
      await this.#waitFor(c);
      throw new AppError('TOKEN_WRONG', 'a token is not the right one: send each request by itself');
    }
    const all = requests.map((request, i) => this.#acceptOne(request, senders[i] ?? {}));
    const current = all.flatMap((sent) => ('code' in sent ? [] : sent.current));
    await this.#forward(this.#outgoing(current));
    const lines = all.map((sent) => {
      const answer = 'code' in sent ? sent : this.#judge.answerTo(sent);
      if (!('code' in answer)) return answerLine({ status: answer.status, body: JSON.stringify(answer.body) });
      this.#deps.onRefused(answer);
      const { status, retryAfter } = answer;
      return answerLine({ status, retryAfter, body: JSON.stringify(httpErrorBody(answer)) });
    });
    return new Response(lines.join(''), { headers: { 'content-type': 'application/x-ndjson' } });
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
    const permitted = this.#judge.acceptRelayed(messages, sender);
    const outgoing = this.#outgoing(permitted);
    const report = parseRelayReport(c.req.header(RELAY_HEADER));
    const [first] = outgoing;
    if (first && report && (sender.relay ?? report.region) === report.region) {
      first.attributes = { ...first.attributes, [RELAY_ATTRIBUTE]: formatRelayReport(report) };
    }
    await this.#forward(outgoing);
    const problem = permitted.find(({ busy }) => busy)?.busy;
    if (problem) return problem;
    const refused = this.#judge.refusedOf(messages);
    const accepted = messages.length - refused.length;
    // A backlog that fills the queue would delay the readings of now there.
    const depth = messages.length < LARGE ? undefined : this.#deps.queued();
    const queued = depth && Math.round((depth * permitted.length) / outgoing.length);
    if (refused.length === 0) return Response.json({ status: 'accepted', accepted, queued });
    return Response.json({ status: 'partial', accepted, refused, queued }, { status: 207 });
  }

  /** Throws for a page of another site. */
  #refuseForeign(c: Context): void {
    const foreign = findBrowserProblem(c, this.#deps.hosts);
    if (foreign) throw foreign;
  }

  /** A wrong token is answered late, also where nobody needs one. */
  async #senderOf(c: Context): Promise<Sender> {
    this.#refuseForeign(c);
    const authorization = c.req.header('authorization');
    const sender = this.#deps.access.identify(authorization, Date.now());
    if (isWrong(sender, authorization)) await this.#waitFor(c);
    if (sender instanceof AppError) throw sender;
    return sender;
  }

  async #waitFor(c: Context): Promise<void> {
    const address = addressOf(c);
    if (address !== undefined) await this.#deps.wrongTokens.wait(address);
  }

  #acceptOne({ body, reported }: SentRequest, sender: Sender | AppError): Accepted | Refusal {
    if (sender instanceof AppError) return refusalOf(sender);
    if (sender.relay !== undefined) return refusalOf(ofRelay());
    return body instanceof AppError ? refusalOf(body) : this.#judge.accept(body, sender, reported);
  }

  #shardOf({ message }: SentMessage): number {
    return shardOfMessage(message, this.#deps.batchers.length);
  }

  /** Of many readings. */
  #outgoing(messages: SentMessage[]): Outgoing[] {
    if (!this.#deps.pack) return messages.map(single);
    const shards: SentMessage[][] = this.#deps.batchers.map(() => []);
    for (const sent of messages) shards[this.#shardOf(sent)]?.push(sent);
    return shards.flatMap(packed);
  }

  /** Resolves when the queue has decided about all. */
  async #forward(messages: Outgoing[]): Promise<void> {
    const { batchers, counts } = this.#deps;
    const again: SentMessage[] = [];
    // All are added at once.
    const outcomes = messages.map((outgoing) => batchers[this.#shardOf(outgoing.readings[0]!)]!.add(outgoing));
    for (const [i, { readings }] of messages.entries()) {
      const outcome = await outcomes[i]!;
      if (outcome.status === 'accepted') for (const { message } of readings) counts.accept(message);
      // One of a packed message is what the queue refuses.
      else if (outcome.status === 'refused' && readings.length > 1) again.push(...readings);
      else {
        const { status, code, reason: message } = outcome;
        for (const sent of readings) {
          if (status === 'busy') sent.busy = { status: 503, code, message, retryAfter: 2 };
          else sent.refusal = { status: 422, code, message };
        }
      }
    }
    if (again.length > 0) await this.#forward(again.map(single));
  }
}

/** Whether somebody may be trying tokens. */
const isWrong = (sender: Sender | AppError, authorization: string | undefined): boolean =>
  authorization !== undefined &&
  (sender instanceof AppError ? sender.code === 'TOKEN_WRONG' : sender.unproven === true);

const ofRelay = () => new AppError('TOKEN_WRONG', 'the token is that of a relay, and not of a host');
