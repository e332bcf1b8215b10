/**
 * Sensor tokens of single nodes: `<host>.<signature>`, where the signature is the HMAC-SHA256 of the host name under the
 * operator's sensor key. Whoever has the key makes and checks the token of any host, so that none need be stored. A relay has
 * the token of its region, `relay:<region>.<signature>`, which no host can have.
 */
import { sameText, signatureOf } from '../lib/net/bearer-token.js';
import { decodedName } from './names.js';

export interface SensorKey {
  key: string;
  /** Unix milliseconds; from then on its tokens are refused. Undefined for the current key. */
  until?: number | undefined;
}

/** Host names are escaped, because a header takes ASCII only. */
export const sensorTokenOf = (key: string, host: string): string =>
  `${encodeURIComponent(host)}.${signatureOf(key, host)}`;

const RELAY = 'relay:';

/** Signed with another key, which no name of a host can make: keys have no line break. */
export const relayTokenOf = (key: string, region: string): string =>
  `${RELAY}${encodeURIComponent(region)}.${signatureOf(`${key}\nrelay`, region)}`;

export interface TokenHolder {
  host?: string;
  /** The region of a relay. */
  relay?: string;
  /** The key under which it is valid. */
  key: SensorKey;
}

/** Whose token this is under one of the keys; undefined when it is none. `now` in Unix milliseconds. */
export function readSensorToken(token: string, keys: SensorKey[], now: number): TokenHolder | undefined {
  const isRelay = token.startsWith(RELAY);
  const name = decodedName(token.slice(isRelay ? RELAY.length : 0, Math.max(0, token.lastIndexOf('.'))));
  if (name === undefined) return undefined;
  const tokenOf = isRelay ? relayTokenOf : sensorTokenOf;
  const key = keys.find((one) => isValid(one, now) && sameText(token, tokenOf(one.key, name)));
  return key && (isRelay ? { relay: name, key } : { host: name, key });
}

/** The text without tokens of nodes in it, such as what a module has printed. */
export const withoutSensorTokens = (text: string): string => text.replace(/[\w%.~!*'()-]+\.[\w-]{43}(?![\w-])/g, '***');

/** Whether tokens of this key are taken. `now` in Unix milliseconds. */
export const isValid = ({ until = Number.POSITIVE_INFINITY }: SensorKey, now: number): boolean => now < until;

/** A key ring as one line: the current key, then older ones with their ends: `KEY,OLDER@2026-01-31T12:00:00.000Z`. */
export function formatSensorKeys(keys: SensorKey[]): string {
  return keys
    .map(({ key, until }) => (until === undefined ? key : `${key}@${new Date(until).toISOString()}`))
    .join(',');
}

/** The key that new tokens are made with; undefined without a key ring. */
export const currentKey = (keys: string | undefined): string | undefined =>
  keys === undefined ? undefined : parseSensorKeys(keys)?.[0]?.key;

/** Undefined for a text that is no key ring. */
export function parseSensorKeys(text: string): SensorKey[] | undefined {
  const keys = text.split(',').map((part): SensorKey => {
    const [key = '', until] = part.trim().split('@');
    return until === undefined ? { key } : { key, until: Date.parse(until) };
  });
  const [current, ...older] = keys;
  if (current?.until !== undefined || older.some(({ until }) => until === undefined)) return undefined;
  return keys.every(({ key, until = 0 }) => key.length >= MIN_KEY && !Number.isNaN(until)) ? keys : undefined;
}

/** A key that can be guessed makes every token. */
const MIN_KEY = 16;
