/** A message of the queue, parsed: what is stored and shown, or why it can never be. */
import { isFlat, jsonOf, scanJson } from '../lib/json.js';
import { findFieldProblem, isReading, type Message, toReading } from '../protocol/message.js';
import {
  parseRelayedLine,
  parseRelayReport,
  RELAY_ATTRIBUTE,
  type Relayed,
  type RelayReport,
} from '../protocol/relay.js';
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
  const { attributes } = message;
  const lines = linesOf(message);
  if (lines && lines.length > MAX_PACKED) {
    rejections.push({ code: 'TOO_MANY', reason: `more than ${MAX_PACKED} packed readings`, message });
    return { deliveries, rejections };
  }
  const relay = parseRelayReport(attributes[RELAY_ATTRIBUTE]);
  const replayOf = attributes[REPLAY_OF_ATTRIBUTE] ?? message.id;
  let parts: ReceivedMessage[] | undefined;
  for (let i = 0; i < (lines?.length ?? 1); i++) {
    const { text, reported } = lines ? parseLine(lines[i] ?? '') : { text: message.body };
    const config = parseReportedConfig(reported ?? (i === 0 ? attributes[SENSOR_CONFIG_ATTRIBUTE] : undefined));
    const parsed = parseBody(text, shard);
    if ('code' in parsed) {
      parts ??= partsOf(message);
      rejections.push({ ...parsed, message: parts[i] ?? message });
    } else {
      const id = lines ? `${replayOf}/${i}` : replayOf;
      const { message: object, reading } = parsed;
      const first = i === 0 ? relay : undefined;
      deliveries.push({ id, body: text, message: object, reading, config, receivedAt, relay: first });
    }
  }
  return { deliveries, rejections };
}

const linesOf = ({ body, attributes }: Pick<ReceivedMessage, 'body' | 'attributes'>) =>
  unpackedLines(attributes[PACKED_ATTRIBUTE], body);

/** A line that no relay has written is a message itself. */
const parseLine = (line: string): Relayed => parseRelayedLine(line) ?? { text: line };

/** Each as if it had come alone; the message itself where it is not packed. */
export function partsOf<T extends Pick<ReceivedMessage, 'id' | 'body' | 'attributes'>>(message: T): T[] {
  const { [PACKED_ATTRIBUTE]: _, ...attributes } = message.attributes;
  const { [REPLAY_OF_ATTRIBUTE]: replayOf } = attributes;
  const parts = linesOf(message)?.map((line, i) => {
    const { text: body, reported } = parseLine(line);
    const own = {
      ...(i === 0 ? attributes : {}),
      ...(reported === undefined ? {} : { [SENSOR_CONFIG_ATTRIBUTE]: reported }),
      ...(replayOf === undefined ? {} : { [REPLAY_OF_ATTRIBUTE]: `${replayOf}/${i}` }),
    };
    return { ...message, id: `${message.id}/${i}`, body, attributes: own };
  });
  return parts ?? [message];
}

/**
 * The proxy checks readings too, but others may send to the queue, and one bad reading must not hold up its group. Times
 * are not judged here: the proxy has accepted them by its clock, and ours may have been corrected since.
 */
export function parseBody(body: string, shard = WHOLE): Pick<Delivery, 'message' | 'reading'> | Rejection {
  const nesting = isFlat(body) ? undefined : scanJson(body).problem;
  if (nesting) return { code: 'TOO_DEEP', reason: `the body ${nesting}` };
  const message = jsonOf(body);
  if (message === undefined) return { code: 'NOT_JSON', reason: 'the body is not JSON' };
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return { code: 'NOT_AN_OBJECT', reason: 'the body is not a JSON object' };
  }
  const object = message as Message;
  if (!isReading(object)) return { message: object, reading: undefined };
  const reason = findFieldProblem(object);
  if (reason) return { code: 'BAD_FIELD', reason };
  const own = shardOfMessage(object, shard.count);
  if (own === shard.index) return { message: object, reading: toReading(object) };
  // Here it would be stored beside what nobody compares it with.
  const where = `the host is of shard ${own}, not ${shard.index} of ${shard.count}: a proxy has another --shards`;
  return { code: 'WRONG_SHARD', reason: where };
}
