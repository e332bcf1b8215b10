/**
 * Who a sender is, and for which hosts it may send: a node by its own token for itself, a relay for those of its region, a
 * holder of the shared token for every host without a token of its own. Where no token is wanted, the same holds for everybody.
 */
import { AppError } from '../lib/errors/app-error.js';
import { sameText } from '../lib/net/bearer-token.js';
import { hostOf, type Message } from '../protocol/message.js';
import { hostKey } from '../protocol/names.js';
import { isValid, readSensorToken, type SensorKey, type TokenHolder } from '../protocol/sensor-token.js';
import { type Refusal, refusal } from './refusal.js';
import type { RevokedHosts } from './revoked-hosts.js';

export interface SensorAccessOptions {
  /** The same for all sensors; where it is set, a token is wanted. */
  sensorToken?: string | undefined;
  /** Keys of node tokens. */
  sensorKeys?: SensorKey[] | undefined;
  /** With keys: whoever has no token may send, too. Without keys and shared token everybody may. */
  open?: boolean | undefined;
  /** Of a relay: readings of other regions are refused. */
  region?: string | undefined;
}

const SCHEME = 'Bearer ';

/**
 * `node`: the host of its token, `relay`: the region of its token; left out for the shared token. `anonymous`: without a token
 * that is known here. `unproven`: the same, where senders can have one.
 */
export interface Sender {
  node?: string;
  relay?: string;
  anonymous?: boolean;
  unproven?: boolean;
}

export type SensorAccess = ReturnType<typeof sensorAccess>;

export function sensorAccess(
  { sensorToken: shared, sensorKeys: keys = [], open = false, region: ownRegion }: SensorAccessOptions,
  revoked: RevokedHosts,
) {
  const knowsTokens = shared !== undefined || keys.length > 0;
  const wantsToken = shared !== undefined || (keys.length > 0 && !open);
  /** By header; only the operator's keys make entries, so there are as many as nodes. */
  const checked = new Map<string, TokenHolder>();
  /** Regions of the hosts that have sent with a token of their own, by key: only a relay of that one may send in their name. */
  const ownTokens = new Map<string, unknown>();

  /** Checking a signature costs a tenth of what a request costs, so headers that were checked are remembered. */
  function holderOf(header: string | undefined, now: number): TokenHolder | undefined {
    if (!header?.startsWith(SCHEME)) return undefined;
    const known = checked.get(header);
    if (known && isValid(known.key, now)) return known;
    const found = readSensorToken(header.slice(SCHEME.length), keys, now);
    if (found) checked.set(header, found);
    return found;
  }

  return {
    /** Who sends a request with this `Authorization` header. `now` in Unix milliseconds. */
    identify(header: string | undefined, now: number): Sender | AppError {
      if (shared !== undefined && sameText(header ?? '', SCHEME + shared)) return {};
      const { host: node, relay } = holderOf(header, now) ?? {};
      if (relay !== undefined) return { relay };
      if (node !== undefined) return revoked.has(node) ? new AppError('SENSOR_REVOKED', revokedText(node)) : { node };
      if (!wantsToken) return { anonymous: true, unproven: knowsTokens };
      return header === undefined
        ? new AppError('TOKEN_MISSING', 'sending readings needs a token: Authorization: Bearer …')
        : new AppError('TOKEN_WRONG', 'sending readings: the token is not the right one');
    },

    /** Whether it is the token of a relay, which sends what its clients have tried, too. */
    isRelay: (header: string | undefined): boolean => holderOf(header, Date.now())?.relay !== undefined,

    /** What keeps this sender from sending a reading; undefined when it may. */
    problemOf({ node, relay }: Sender, message: Message): Refusal | undefined {
      const host = hostOf(message);
      for (const region of [relay, ownRegion]) {
        if (region === undefined || message.region === region || namesNothing(message)) continue;
        const named = JSON.stringify(message.region);
        return refusal('WRONG_REGION', `the relay is that of the region ${region}, the reading names ${named}`);
      }
      if (node !== undefined) {
        if (host !== node) {
          const named = JSON.stringify(host);
          return refusal('WRONG_HOST', `the token is that of the host ${node}, the reading names ${named}`);
        }
        ownTokens.set(hostKey(node), message.region);
        return undefined;
      }
      if (typeof host !== 'string') return undefined;
      if (revoked.has(host)) return refusal('SENSOR_REVOKED', revokedText(host));
      const key = hostKey(host);
      if (!ownTokens.has(key) || (relay !== undefined && ownTokens.get(key) === relay)) return undefined;
      return refusal('WRONG_HOST', `readings of the host ${host} need its own token`);
    },
  };
}

/** A message of no sensor, such as `{"data":1}`. */
const namesNothing = ({ region, hostname, execution_id }: Message) => !(region || hostname || execution_id);

const revokedText = (host: string) => `the host ${host} may not send: it was revoked`;
