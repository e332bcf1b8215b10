/** From a request's body to messages: everything that can be wrong with a body is found here. */
import { decodeUtf8, parseJson } from '../lib/json.js';
import { findFieldProblem, type Message } from '../protocol/message.js';
import { type Refusal, refusal } from './refusal.js';

/** Amazon SQS takes up to 1 MiB; this is its older limit, which every queue of this kind takes. */
export const MAX_MESSAGE_BYTES = 262_144;
/** A request takes at most as many messages as sensors ever send at once (32), with room for other senders. */
export const MAX_ARRAY = 100;
/** All messages of a request, as Amazon SQS limits a batch. A body of this size takes about 0.1 s to parse at worst. */
export const MAX_SEND_BYTES = 1_048_576;

export interface ParsedMessage {
  /** Place in the array; 0 for a single object. */
  index: number;
  message: Message;
  /** The JSON text that goes to the queue. */
  text: string;
}

export interface ParsedBody {
  /** Whether the body was an array. */
  batch: boolean;
  messages: ParsedMessage[];
  /** Elements of an array that can't be accepted. A single object that can't be accepted is a refusal of the whole body. */
  refused: ({ index: number } & Refusal)[];
}

/**
 * `now` in Unix milliseconds. Gives a {@link Refusal} when nothing of the body can be accepted; throws as {@link parseJson}
 * and {@link decodeUtf8}.
 */
export function parseBody(bytes: Uint8Array, now: number): ParsedBody | Refusal {
  const text = decodeUtf8(bytes);
  const value = parseJson(text);
  if (Array.isArray(value)) return parseArray(value, now);
  const problem = shapeProblem(value) ?? contentProblem(value as Message, bytes.length, now);
  return problem ?? { batch: false, messages: [{ index: 0, message: value as Message, text }], refused: [] };
}

function parseArray(values: unknown[], now: number): ParsedBody | Refusal {
  if (values.length === 0) return refusal(400, 'EMPTY_ARRAY', 'the array holds no message');
  if (values.length > MAX_ARRAY) {
    return refusal(413, 'TOO_MANY', `the array holds ${values.length} messages; at most ${MAX_ARRAY} go in a request`);
  }
  const body: ParsedBody = { batch: true, messages: [], refused: [] };
  values.forEach((value, index) => {
    const problem = shapeProblem(value);
    const text = problem ? '' : JSON.stringify(value);
    const refused = problem ?? contentProblem(value as Message, Buffer.byteLength(text), now);
    if (refused) body.refused.push({ index, ...refused });
    else body.messages.push({ index, message: value as Message, text });
  });
  return body;
}

/** Refuses messages for which there is a problem: the whole body when it was a single one. */
export function refuseSome(
  body: ParsedBody,
  findProblem: (message: Message) => Refusal | undefined,
): ParsedBody | Refusal {
  const problems = body.messages.map(({ message }) => findProblem(message));
  if (problems.every((problem) => problem === undefined)) return body;
  if (!body.batch) return problems[0]!;
  const refused = body.messages.flatMap(({ index }, i) => (problems[i] ? { index, ...problems[i] } : []));
  return {
    batch: true,
    messages: body.messages.filter((_, i) => !problems[i]),
    refused: [...body.refused, ...refused].sort((a, b) => a.index - b.index),
  };
}

function shapeProblem(value: unknown): Refusal | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined;
  return refusal(400, 'NOT_AN_OBJECT', 'a message must be a JSON object');
}

/** `bytes`: length of its JSON text. */
function contentProblem(message: Message, bytes: number, now: number): Refusal | undefined {
  if (bytes > MAX_MESSAGE_BYTES) {
    return refusal(413, 'TOO_LARGE', `a message of ${bytes} bytes; at most ${MAX_MESSAGE_BYTES} are accepted`);
  }
  const problem = findFieldProblem(message, now);
  return problem && refusal(422, 'BAD_FIELD', problem.reason);
}
