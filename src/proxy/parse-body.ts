/** From a request's body to messages: everything that can be wrong with a body is found here. */
import { AppError } from '../lib/errors/app-error.js';
import { decodeUtf8, MAX_CONTAINERS, parseJson, scanJson } from '../lib/json.js';
import { findFieldProblem, type Message } from '../protocol/message.js';
import { parseRelayedLine } from '../protocol/relay.js';
import { type Refusal, refusal } from './refusal.js';

/** Amazon SQS takes up to 1 MiB; this is its older limit, which every queue of this kind takes. */
export const MAX_MESSAGE_BYTES = 262_144;
/** A request takes at most as many messages as sensors ever send at once (32), with room for other senders. */
export const MAX_ARRAY = 100;
/** All messages of a request, as Amazon SQS limits a batch. A body of this size takes about 0.1 s to parse at worst. */
export const MAX_SEND_BYTES = 1_048_576;

/** What a relay sends at once, uncompressed; and how many readings, which the batcher takes at once. */
export const MAX_RELAYED_BYTES = 2_097_152;
const MAX_RELAYED = 10_000;

export interface SentMessage {
  message: Message;
  /** The JSON text that goes to the queue. */
  text: string;
  /** What its sensor reported about itself. */
  reported?: string | undefined;
  refusal?: Refusal;
}

/**
 * `batch`: whether the body was an array, whose messages are refused one by one. `now` in Unix milliseconds. Throws
 * `EMPTY_ARRAY`, `TOO_MANY`, and as {@link parseJson} and {@link decodeUtf8} do.
 */
export function parseBody(bytes: Uint8Array, now: number): { batch: boolean; messages: SentMessage[] } {
  const text = decodeUtf8(bytes);
  const value = parseJson(text);
  if (!Array.isArray(value)) return { batch: false, messages: [checked(value, text, bytes.length, now)] };
  if (value.length === 0) throw new AppError('EMPTY_ARRAY', 'the array holds no message');
  if (value.length > MAX_ARRAY) {
    throw new AppError('TOO_MANY', `the array holds ${value.length} messages; at most ${MAX_ARRAY} go in a request`);
  }
  const messages = value.map((one) => {
    const own = JSON.stringify(one);
    return checked(one, own, Buffer.byteLength(own), now);
  });
  return { batch: true, messages };
}

/** A reading a line. `now` in Unix milliseconds. Throws `EMPTY_ARRAY`, `TOO_MANY` and `NOT_UTF8`. */
export function parseRelayed(bytes: Uint8Array, now: number): SentMessage[] {
  const lines = decodeUtf8(bytes).split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new AppError('EMPTY_ARRAY', 'the body holds no reading');
  if (lines.length > MAX_RELAYED) {
    throw new AppError('TOO_MANY', `the body holds ${lines.length} readings; at most ${MAX_RELAYED} go in a request`);
  }
  let containers = 0;
  return lines.map((line) => {
    const { text, reported } = parseRelayedLine(line) ?? { text: '' };
    const { problem, containers: own } = scanJson(text);
    containers += own;
    // The relay sends it again, with others.
    if (containers > MAX_CONTAINERS) {
      const reason = `the body has more than ${MAX_CONTAINERS} objects and arrays`;
      return { message: {}, text, refusal: refusal('OVERLOADED', reason) };
    }
    if (problem) return { message: {}, text, refusal: refusal('TOO_DEEP', `the reading ${problem}`) };
    try {
      return { ...checked(JSON.parse(text), text, Buffer.byteLength(text), now), reported };
    } catch {
      return { message: {}, text, refusal: refusal('NOT_JSON', 'the line is not that of a reading') };
    }
  });
}

/** `bytes`: length of the text. */
function checked(value: unknown, text: string, bytes: number, now: number): SentMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { message: {}, text, refusal: refusal('NOT_AN_OBJECT', 'a message must be a JSON object') };
  }
  const message = value as Message;
  if (bytes > MAX_MESSAGE_BYTES) {
    const reason = `a message of ${bytes} bytes; at most ${MAX_MESSAGE_BYTES} are accepted`;
    return { message, text, refusal: refusal('TOO_LARGE', reason) };
  }
  const problem = findFieldProblem(message, now);
  return problem ? { message, text, refusal: refusal('BAD_FIELD', problem) } : { message, text };
}
