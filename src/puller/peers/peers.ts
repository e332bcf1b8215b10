/**
 * A question to all units of a store: those here, and those of the other pullers, which are asked at the same time, and for a
 * second at most. One that has not answered is not waited for again before it answers in the background.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MissingPart } from '../../fleet/fleet-view.js';
import { causeMessageOf } from '../../lib/errors/app-error.js';
import { errorFromAnswer } from '../../lib/errors/http-error.js';
import type { Peer, Units } from '../shards/units.js';
import { type Question, SUMMARY } from './questions.js';

/** Where pullers ask each other: only the units of the one that is asked answer, so that nobody asks on. */
export const PEERS_PATH = '/peers/ask';

/** What a unit says; `puller`: the URL of the other one that holds it. */
export type OfShard<T> = T & { shard: number; puller?: string };

/** What all say. */
export interface Together<T> {
  parts: OfShard<T>[];
  missing: MissingPart[];
  /** Two pullers have the same shard: one of them is wrong. */
  isDisputed: boolean;
}

const ANSWER_MS = 1_000;
/** More for an answer that names sensors, for each of the whole fleet. */
const SENSOR_MS = 0.02;
/** Of one that has not answered before. */
const PROBE_MS = 5_000;

export class Peers {
  readonly #headers: Record<string, string>;
  /** Why those that are not waited for did not answer, by their ids. */
  readonly #silent = new Map<string, string>();
  readonly #probed = new Set<string>();
  /** Sensors of the whole fleet, as it was heard last. */
  sensors = 0;

  constructor(private readonly units: Units) {
    const token = units.secret === undefined ? {} : { authorization: `Bearer ${units.secret}` };
    this.#headers = { 'content-type': 'application/json', ...token };
  }

  async ask<A, T extends object>(question: Question<A, T>, args: A): Promise<Together<T>> {
    const limit = ANSWER_MS + (question.isLong ? Math.ceil(SENSOR_MS * this.sensors) : 0);
    const failed = new Map<string, string>();
    const known = new Set(this.units.peers().map(({ id }) => id));
    for (const id of this.#silent.keys()) if (!known.has(id)) this.#silent.delete(id);
    const answers = this.units.peers().map(async (peer) => {
      if (this.#silent.has(peer.id) && !question.isTold) void this.#probe(peer);
      else {
        const parts = await this.#request(peer, question, args, limit);
        if (parts) return parts.map((part) => ({ ...part, puller: peer.url }));
      }
      failed.set(peer.id, this.#silent.get(peer.id) ?? 'it has not answered');
      return [];
    });
    const others = (await Promise.all(answers)).flat();
    const all = new Map<number, OfShard<T>>((await this.own(question, args)).map((part) => [part.shard, part]));
    let isDisputed = false;
    for (const part of others) {
      // While a shard moves both pullers may have it; and one that hung has it before it hears that it lost it.
      if (all.has(part.shard)) isDisputed = true;
      else all.set(part.shard, part);
    }
    return { parts: [...all.values()], missing: this.#missing(all, failed), isDisputed };
  }

  /** What our units say. */
  async own<A, T extends object>({ of }: Question<A, T>, args: A): Promise<OfShard<T>[]> {
    const parts: Promise<OfShard<T>>[] = [];
    for (const [n, unit] of this.units.held().entries()) {
      // Leases are renewed meanwhile: a large view takes half a second, and a puller may have many.
      if (n > 0) await nextTurn();
      parts.push(Promise.resolve(of(unit, args)).then((part) => ({ ...part, shard: unit.shard })));
    }
    return Promise.all(parts);
  }

  isSilent(peer: Peer): boolean {
    return this.#silent.has(peer.id);
  }

  #missing(have: Map<number, unknown>, failed: Map<string, string>): MissingPart[] {
    const missing: MissingPart[] = [];
    const rest = new Set(Array.from({ length: this.units.shards }, (_, shard) => shard));
    for (const shard of have.keys()) rest.delete(shard);
    for (const { id, url, shards } of this.units.peers()) {
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
    if (await this.#request(peer, SUMMARY, {}, PROBE_MS)) this.#silent.delete(peer.id);
    this.#probed.delete(peer.id);
  }

  /** Undefined where there is no answer; then it is silent. */
  async #request<A, T>({ id, url }: Peer, { name }: Question<A, T>, args: A, ms: number) {
    const body = JSON.stringify({ question: name, args });
    const options = { method: 'POST', body, headers: this.#headers, redirect: 'error' } as const;
    try {
      // Its URL may have a path.
      const response = await fetch(url + PEERS_PATH, { ...options, signal: AbortSignal.timeout(ms) });
      if (response.ok) return ((await response.json()) as { parts: OfShard<T>[] }).parts;
      const answer: unknown = await response.json().catch(() => undefined);
      throw errorFromAnswer(answer, 'PULLER_ERROR', `it answered ${response.status}`);
    } catch (error) {
      const isLate = error instanceof Error && error.name === 'TimeoutError';
      this.#silent.set(id, isLate ? 'it does not answer' : causeMessageOf(error));
      return undefined;
    }
  }
}
