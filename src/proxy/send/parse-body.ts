/** From a request's body to messages: everything that can be wrong with a body is found here. */
import { AppError } from '../../lib/errors/app-error.js';
import { decodeUtf8, MAX_CONTAINERS, parseJson, scanJson } from '../../lib/json.js';
import { findFieldProblem, type Message } from '../../protocol/message.js';
import { parseRelayedLine } from '../../protocol/relay.js';
import { MAX_SENDS, parseSendLine } from '../../protocol/send-many.js';
import { type Refusal, refusal } from '../refusal.js';

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
  /** Why the queue can't take it now. */
  busy?: Refusal;
}

/** `batch`: it was an array, whose messages are refused one by one. */
export interface Body {
  batch: boolean;
  messages: SentMessage[];
}

/** `now` in Unix milliseconds. Throws `EMPTY_ARRAY`, `TOO_MANY`, and as {@link parseJson} and {@link decodeUtf8} do. */
export function parseBody(bytes: Uint8Array, now: number): Body {
  const text = decodeUtf8(bytes);
  return bodyOf(parseJson(text), text, now);
}

/** One of many requests; its body, or what {@link parseBody} throws. */
export interface SentRequest {
  authorization: string | undefined;
  reported: string | undefined;
  body: Body | AppError;
}

/** A request a line. Throws as {@link linesOf}, and `NOT_JSON` for a line of another kind. */
export function parseMany(bytes: Uint8Array, now: number): SentRequest[] {
  const parse = partParser();
  return linesOf(bytes, MAX_SENDS).map((line) => {
    const sent = parseSendLine(line);
    if (!sent) throw new AppError('NOT_JSON', 'a line is not that of a request');
    const { authorization, config: reported, body: text } = sent;
    return { authorization, reported, body: attempt(() => bodyOf(parse(text), text, now)) };
  });
}

/** A reading a line. `now` in Unix milliseconds. Throws as {@link linesOf}. */
export function parseRelayed(bytes: Uint8Array, now: number): SentMessage[] {
  const parse = partParser();
  return linesOf(bytes, MAX_RELAYED).map((line) => {
    const { text, reported } = parseRelayedLine(line) ?? { text: '' };
    const sent = attempt(() => checked(parse(text), text, now));
    return sent instanceof AppError
      ? { message: {}, text, refusal: refusal(sent.code, sent.message) }
      : { ...sent, reported };
  });
}

/** Throws `EMPTY_ARRAY`, `TOO_MANY` and `NOT_UTF8`. */
function linesOf(bytes: Uint8Array, max: number): string[] {
  const lines = decodeUtf8(bytes).split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new AppError('EMPTY_ARRAY', 'the body holds nothing');
  if (lines.length <= max) return lines;
  throw new AppError('TOO_MANY', `the body has ${lines.length} lines; at most ${max} go in a request`);
}

/** Parses the parts of a body, which together hold no more than a body without parts may. */
function partParser(): (text: string) => unknown {
  let containers = 0;
  return (text) => {
    const scanned = scanJson(text);
    containers += scanned.containers;
    if (containers <= MAX_CONTAINERS) return parseJson(text, scanned);
    // It is sent again, with others.
    throw new AppError('OVERLOADED', `the body has more than ${MAX_CONTAINERS} objects and arrays`);
  };
}

function attempt<T>(work: () => T): T | AppError {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

function bodyOf(value: unknown, text: string, now: number): Body {
  if (!Array.isArray(value)) return { batch: false, messages: [checked(value, text, now)] };
  if (value.length === 0) throw new AppError('EMPTY_ARRAY', 'the array holds no message');
  if (value.length > MAX_ARRAY) {
    throw new AppError('TOO_MANY', `the array holds ${value.length} messages; at most ${MAX_ARRAY} go in a request`);
  }
  return { batch: true, messages: value.map((one) => checked(one, JSON.stringify(one), now)) };
}

function checked(value: unknown, text: string, now: number): SentMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { message: {}, text, refusal: refusal('NOT_AN_OBJECT', 'a message must be a JSON object') };
  }
  const message = value as Message;
  // A character has at most three bytes.
  const bytes = text.length * 3 > MAX_MESSAGE_BYTES ? Buffer.byteLength(text) : 0;
  if (bytes > MAX_MESSAGE_BYTES) {
    const reason = `a message of ${bytes} bytes; at most ${MAX_MESSAGE_BYTES} are accepted`;
    return { message, text, refusal: refusal('TOO_LARGE', reason) };
  }
  const problem = findFieldProblem(message, now);
  return problem ? { message, text, refusal: refusal('BAD_FIELD', problem) } : { message, text };
}
