/**
 * Who a sender is, and for which hosts it may send: a node by its own token for itself, a holder of the shared token for
 * every host without a token of its own. Where no token is wanted, the same holds for everybody.
 */

import { AppError } from '../lib/errors/app-error.js';
import { sameText } from '../lib/net/bearer-token.js';
import { hostKey } from '../protocol/names.js';
import { isValid, readSensorToken, type SensorKey } from '../protocol/sensor-token.js';
import { type Refusal, refusal } from './refusal.js';
import type { RevokedHosts } from './revoked-hosts.js';

export interface SensorAccessOptions {
  /** The same for all sensors; where it is set, a token is wanted. */
  sensorToken?: string | undefined;
  /** Keys of node tokens. */
  sensorKeys?: SensorKey[] | undefined;
  /** With keys: whoever has no token may send, too. Without keys and shared token everybody may. */
  open?: boolean | undefined;
}

const SCHEME = 'Bearer ';

/**
 * `node`: the host of its token; left out for the shared token. `anonymous`: without a token that is known here. `unproven`:
 * the same, where senders can have one.
 */
export interface Sender {
  node?: string;
  anonymous?: boolean;
  unproven?: boolean;
}

export class SensorAccess {
  readonly #shared: string | undefined;
  readonly #keys: SensorKey[];
  readonly #revoked: RevokedHosts;
  readonly #knowsTokens: boolean;
  /** Whether senders without a token are refused. */
  readonly #wantsToken: boolean;
  /** By header; only the operator's keys make entries, so there are as many as nodes. */
  readonly #checked = new Map<string, { host: string; key: SensorKey }>();
  /** Keys of hosts that have sent with a token of their own: nobody else may send in their name. */
  readonly #ownTokens = new Set<string>();

  constructor({ sensorToken, sensorKeys = [], open }: SensorAccessOptions, revoked: RevokedHosts) {
    this.#shared = sensorToken;
    this.#keys = sensorKeys;
    this.#revoked = revoked;
    this.#knowsTokens = sensorToken !== undefined || sensorKeys.length > 0;
    this.#wantsToken = sensorToken !== undefined || (sensorKeys.length > 0 && !open);
  }

  /** Who sends a request with this `Authorization` header. `now` in Unix milliseconds. */
  identify(header: string | undefined, now: number): Sender | AppError {
    if (this.#shared !== undefined && sameText(header ?? '', SCHEME + this.#shared)) return {};
    const node = this.#nodeOf(header, now);
    if (node !== undefined)
      return this.#revoked.has(node) ? new AppError('SENSOR_REVOKED', revokedText(node)) : { node };
    if (!this.#wantsToken) return { anonymous: true, unproven: this.#knowsTokens };
    return header === undefined
      ? new AppError('TOKEN_MISSING', 'sending readings needs a token: Authorization: Bearer …')
      : new AppError('TOKEN_WRONG', 'sending readings: the token is not the right one');
  }

  /** Checking a signature costs a tenth of what a request costs, so headers that were checked are remembered. */
  #nodeOf(header: string | undefined, now: number): string | undefined {
    if (!header?.startsWith(SCHEME)) return undefined;
    const known = this.#checked.get(header);
    if (known && isValid(known.key, now)) return known.host;
    const found = readSensorToken(header.slice(SCHEME.length), this.#keys, now);
    if (found) this.#checked.set(header, found);
    return found?.host;
  }

  /** What keeps this sender from sending a reading of this host; undefined when it may. */
  problemOf({ node }: Sender, host: unknown): Refusal | undefined {
    if (node !== undefined) {
      if (host !== node) {
        return refusal(
          'WRONG_HOST',
          `the token is that of the host ${node}, the reading names ${JSON.stringify(host)}`,
        );
      }
      this.#ownTokens.add(hostKey(node));
      return undefined;
    }
    if (typeof host !== 'string') return undefined;
    if (this.#revoked.has(host)) return refusal('SENSOR_REVOKED', revokedText(host));
    if (!this.#ownTokens.has(hostKey(host))) return undefined;
    return refusal('WRONG_HOST', `readings of the host ${host} need its own token`);
  }
}

const revokedText = (host: string) => `the host ${host} may not send: it was revoked`;
