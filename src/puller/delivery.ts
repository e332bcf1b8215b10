/** A message of the queue, parsed: what is stored and shown, or why it can never be. */
import { jsonOf, scanJson } from '../lib/json.js';
import { findFieldProblem, isReading, type Message, toReading } from '../protocol/message.js';
import { parseRelayedLine, parseRelayReport, RELAY_ATTRIBUTE, type RelayReport } from '../protocol/relay.js';
import { parseReportedConfig, SENSOR_CONFIG_ATTRIBUTE } from '../protocol/sensor-config.js';
import { shardOfMessage } from '../protocol/shard.js';
import { PACKED_ATTRIBUTE, unpackedLines } from '../queue/packed.js';
import { REPLAY_OF_ATTRIBUTE, type ReceivedMessage } from '../queue/queue.js';
import type { StoreEntry } from '../store/store.js';

/** `reading`: the nine fields, when the message is a sensor's reading. */
export interface Delivery extends StoreEntry {
  message: Message;
  /** What its relay says about itself. */
  relay?: RelayReport | undefined;
}

/** A message, or a part of one, that can't be stored. */
export type RejectedMessage = Rejection & { message: ReceivedMessage };

/** The proxy's codes for the same. */
export interface Rejection {
  code: 'NOT_JSON' | 'NOT_AN_OBJECT' | 'TOO_DEEP' | 'BAD_FIELD' | 'TOO_MANY' | 'WRONG_SHARD';
  reason: string;
}

/** Proxies pack at most 500. Others that may send to the queue are not to keep the puller busy with one message. */
const MAX_PACKED = 1_000;

/** Which part of the readings a queue has. */
export interface Shard {
  index: number;
  count: number;
}
export const WHOLE: Shard = { index: 0, count: 1 };

/** What a message of the queue holds: one message, or packed readings. */
export function parseDeliveries(message: ReceivedMessage, receivedAt: number, shard = WHOLE) {
  const deliveries: Delivery[] = [];
  const rejections: RejectedMessage[] = [];
  const parts = partsOf(message);
  if (parts.length > MAX_PACKED) {
    rejections.push({ code: 'TOO_MANY', reason: `more than ${MAX_PACKED} packed readings`, message });
    return { deliveries, rejections };
  }
  for (const part of parts) {
    const parsed = parseDelivery(part, receivedAt);
    if ('code' in parsed) rejections.push({ ...parsed, message: part });
    else {
      const own = shardOfMessage(parsed.message, shard.count);
      if (own === shard.index || !parsed.reading) deliveries.push(parsed);
      // Here it would be stored beside what nobody compares it with.
      else {
        const reason = `the host is of shard ${own}, not ${shard.index} of ${shard.count}: a proxy has another --shards`;
        rejections.push({ code: 'WRONG_SHARD', reason, message: part });
      }
    }
  }
  return { deliveries, rejections };
}

/** Each as if it had come alone; the message itself where it is not packed. */
export function partsOf<T extends Pick<ReceivedMessage, 'id' | 'body' | 'attributes'>>(message: T): T[] {
  const { [PACKED_ATTRIBUTE]: packed, ...attributes } = message.attributes;
  const lines = unpackedLines(packed, message.body);
  const { [REPLAY_OF_ATTRIBUTE]: replayOf } = attributes;
  if (lines === undefined) return [message];
  return lines.map((line, i) => {
    const { text: body = line, reported } = parseRelayedLine(line) ?? {};
    const own = {
      ...(i === 0 ? attributes : {}),
      ...(reported === undefined ? {} : { [SENSOR_CONFIG_ATTRIBUTE]: reported }),
      ...(replayOf === undefined ? {} : { [REPLAY_OF_ATTRIBUTE]: `${replayOf}/${i}` }),
    };
    return { ...message, id: `${message.id}/${i}`, body, attributes: own };
  });
}

/**
 * The proxy checks readings too, but others may send to the queue, and one bad reading must not hold up its group. Times
 * are not judged here: the proxy has accepted them by its clock, and ours may have been corrected since.
 */
export function parseDelivery(
  { id: given, body, attributes }: ReceivedMessage,
  receivedAt: number,
): Delivery | Rejection {
  const id = attributes[REPLAY_OF_ATTRIBUTE] ?? given;
  const nesting = scanJson(body).problem;
  if (nesting) return { code: 'TOO_DEEP', reason: `the body ${nesting}` };
  const message = jsonOf(body);
  if (message === undefined) return { code: 'NOT_JSON', reason: 'the body is not JSON' };
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return { code: 'NOT_AN_OBJECT', reason: 'the body is not a JSON object' };
  }
  const object = message as Message;
  const config = parseReportedConfig(attributes[SENSOR_CONFIG_ATTRIBUTE]);
  const relay = parseRelayReport(attributes[RELAY_ATTRIBUTE]);
  if (!isReading(object)) return { id, body, message: object, reading: undefined, config, receivedAt, relay };
  const reason = findFieldProblem(object);
  if (reason) return { code: 'BAD_FIELD', reason };
  return { id, body, message: object, reading: toReading(object), config, receivedAt, relay };
}
