/**
 * The other pullers of the same store, asked for what the units of their shards say: all at the same time, and for a second at
 * most. One that has not answered is not waited for again before it answers in the background.
 */
import type { MissingPart } from '../../fleet/fleet-view.js';
import { causeMessageOf } from '../../lib/errors/app-error.js';
import { errorFromAnswer } from '../../lib/errors/http-error.js';
import type { Peer, Unit, Units } from '../shards/units.js';

/**
 * In the query of a request of another puller: only the units of the one that is asked answer, so that nobody asks on. Such a
 * request has the secret of the store, which is good for nothing else.
 */
export const OWN = 'own';

/** What a unit says; `puller`: the URL of the other one that holds it. */
export type OfShard<T> = T & { shard: number; puller?: string };

/** The answer to a request with {@link OWN}. */
export interface OwnAnswer<T> {
  parts: OfShard<T>[];
}

export interface Question<T> {
  /** With its query. */
  path: string;
  /** Of a POST. */
  body?: object;
  /** The answer names single sensors: of many it takes longer. */
  isLong?: boolean;
  /** What a unit of this puller says to it. */
  of(unit: Unit): T;
}

/** What the others said to a question, and why some said nothing, by their ids. */
export interface PeerAnswers<T> {
  parts: OfShard<T>[];
  failed: Map<string, string>;
}

const ANSWER_MS = 1_000;
/** More for an answer that names sensors, for each of the whole fleet. */
const SENSOR_MS = 0.02;
/** Of one that has not answered before. */
const PROBE_MS = 5_000;

export class Peers {
  readonly #units: Units;
  readonly #headers: Record<string, string>;
  /** Why those that are not waited for did not answer, by their ids. */
  readonly #silent = new Map<string, string>();
  readonly #probed = new Set<string>();
  /** Sensors of the whole fleet, as it was heard last. */
  sensors = 0;

  constructor(units: Units) {
    this.#units = units;
    this.#headers = units.secret === undefined ? {} : { authorization: `Bearer ${units.secret}` };
  }

  async ask<T>({ path, body, isLong }: Omit<Question<T>, 'of'>): Promise<PeerAnswers<T>> {
    const limit = ANSWER_MS + (isLong ? Math.ceil(SENSOR_MS * this.sensors) : 0);
    const failed = new Map<string, string>();
    const known = new Set(this.#units.peers().map(({ id }) => id));
    for (const id of this.#silent.keys()) if (!known.has(id)) this.#silent.delete(id);
    const answers = this.#units.peers().map(async (peer) => {
      const why = this.#silent.get(peer.id);
      if (why === undefined) {
        try {
          const parts = await this.#request<T>(peer, path, body, limit);
          return parts.map((part) => ({ ...part, puller: peer.url }));
        } catch (error) {
          this.#silent.set(peer.id, reasonOf(error));
        }
      } else void this.#probe(peer);
      failed.set(peer.id, this.#silent.get(peer.id) ?? 'it has not answered');
      return [];
    });
    return { parts: (await Promise.all(answers)).flat(), failed };
  }

  /** What our units say, together with what the others said. */
  together<T>({ of }: Pick<Question<T>, 'of'>, { parts, failed }: PeerAnswers<T>) {
    const all = new Map<number, OfShard<T>>(this.own({ of }).map((part) => [part.shard, part]));
    let isDisputed = false;
    for (const part of parts) {
      // While a shard moves both pullers may have it; and one that hung has it before it hears that it lost it.
      if (all.has(part.shard)) isDisputed = true;
      else all.set(part.shard, part);
    }
    return { parts: [...all.values()], missing: this.#missing(all, failed), isDisputed };
  }

  own<T>({ of }: Pick<Question<T>, 'of'>): OfShard<T>[] {
    return this.#units.held().map((unit) => ({ ...of(unit), shard: unit.shard }));
  }

  /** Tells all others something; those that do not answer have not heard it. */
  async tell(path: string, body: object): Promise<void> {
    await Promise.allSettled(this.#units.peers().map((peer) => this.#request(peer, path, body, ANSWER_MS)));
  }

  isSilent(peer: Peer): boolean {
    return this.#silent.has(peer.id);
  }

  #missing(have: Map<number, unknown>, failed: Map<string, string>): MissingPart[] {
    const missing: MissingPart[] = [];
    const rest = new Set(Array.from({ length: this.#units.shards }, (_, shard) => shard));
    for (const shard of have.keys()) rest.delete(shard);
    for (const { id, url, shards } of this.#units.peers()) {
      const own = shards.filter((shard) => rest.delete(shard));
      if (own.length > 0) missing.push({ puller: url, shards: own, why: failed.get(id) ?? 'it has just taken them' });
    }
    if (rest.size > 0) missing.push({ shards: [...rest], why: 'no puller has it at the moment' });
    return missing;
  }

  /** Asks in the background whether it answers again. */
  async #probe(peer: Peer): Promise<void> {
    if (this.#probed.has(peer.id)) return;
    this.#probed.add(peer.id);
    try {
      await this.#request(peer, '/fleet/summary', undefined, PROBE_MS);
      this.#silent.delete(peer.id);
    } catch (error) {
      this.#silent.set(peer.id, reasonOf(error));
    }
    this.#probed.delete(peer.id);
  }

  async #request<T>({ url }: Peer, path: string, body: object | undefined, ms: number) {
    const to = new URL(path, url);
    to.searchParams.set(OWN, '1');
    const post = { method: 'POST', body: JSON.stringify(body) };
    const json = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(ms);
    const headers = { ...json, ...this.#headers };
    const response = await fetch(to, { ...(body ? post : {}), headers, signal, redirect: 'error' });
    if (response.ok) return ((await response.json()) as OwnAnswer<T>).parts;
    const answer: unknown = await response.json().catch(() => undefined);
    throw errorFromAnswer(answer, 'PULLER_ERROR', `it answered ${response.status}`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'it does not answer';
  return causeMessageOf(error);
}
