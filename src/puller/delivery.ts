/** A message of the queue, parsed: what is stored and shown, or why it can never be. */
import { findNestingProblem } from '../lib/json.js';
import { findFieldProblem, isReading, type Message, toReading } from '../protocol/message.js';
import { parseRelayReport, RELAY_ATTRIBUTE, type RelayReport } from '../protocol/relay.js';
import { parseReportedConfig, SENSOR_CONFIG_ATTRIBUTE } from '../protocol/sensor-config.js';
import { REPLAY_OF_ATTRIBUTE, type ReceivedMessage } from '../queue/queue.js';
import type { StoreEntry } from '../store/store.js';

/** `reading`: the nine fields, when the message is a sensor's reading. */
export interface Delivery extends StoreEntry {
  message: Message;
  /** What its relay says about itself. */
  relay?: RelayReport | undefined;
}

/** The proxy's codes for the same. */
export interface Rejection {
  code: 'NOT_JSON' | 'NOT_AN_OBJECT' | 'TOO_DEEP' | 'BAD_FIELD';
  reason: string;
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
  const nesting = findNestingProblem(body);
  if (nesting) return { code: 'TOO_DEEP', reason: `the body ${nesting}` };
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    return { code: 'NOT_JSON', reason: 'the body is not JSON' };
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return { code: 'NOT_AN_OBJECT', reason: 'the body is not a JSON object' };
  }
  const object = message as Message;
  const config = parseReportedConfig(attributes[SENSOR_CONFIG_ATTRIBUTE]);
  const relay = parseRelayReport(attributes[RELAY_ATTRIBUTE]);
  if (!isReading(object)) return { id, body, message: object, reading: undefined, config, receivedAt, relay };
  const problem = findFieldProblem(object);
  if (problem) return { code: 'BAD_FIELD', reason: problem.reason };
  return { id, body, message: object, reading: toReading(object), config, receivedAt, relay };
}
