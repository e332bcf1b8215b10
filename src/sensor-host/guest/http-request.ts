/** Bacalhau's `wasi:http/requests`.`http_request`: what it reads from a guest and what it writes back. */
import type { GuestMemory } from './guest-memory.js';
import type { HttpAnswer, HttpRequest } from './transport.js';

export const RESULT = { ok: 0, invalidUrl: 1, network: 2, timeout: 3, notAllowed: 4, badInput: 6, memory: 7 } as const;

/** Headers that Go sets itself, whatever the caller gives. */
const GO_HEADERS = new Set(['host', 'content-length', 'transfer-encoding', 'trailer', 'connection']);
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'];
const MIN_BODY_BYTES = 65_536;
const MEMORY_SHARE = 0.8;
/** More than servers take; each line of headers costs much more than its bytes. */
const MAX_URL_BYTES = 16 * 1024;
const MAX_HEADER_BYTES = 64 * 1024;

/** The twelve arguments of `http_request`. The last five are cells for the answer; that of the status may be 0. */
export type HttpArguments = readonly number[];

/** Reads a request; a number is the result code of a call that sends nothing. */
export function readRequest(memory: GuestMemory, args: HttpArguments): Omit<HttpRequest, 'allowed'> | number {
  const [method, urlAt, urlLength, headersAt, headersLength, bodyAt, bodyLength] = args;
  if (args.slice(7, 11).some((pointer) => pointer === 0)) return RESULT.badInput;
  const address = urlLength! > MAX_URL_BYTES ? undefined : memory.text(urlAt!, urlLength!);
  if (address === undefined || !URL.canParse(address)) return RESULT.invalidUrl;
  const url = new URL(address);
  const hasBody = bodyAt !== 0 && bodyLength! > 0;
  const body = hasBody ? memory.copy(bodyAt!, bodyLength!) : undefined;
  if ((hasBody && body === undefined) || headersLength! > MAX_HEADER_BYTES) return RESULT.badInput;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return RESULT.network;
  const headers = headersAt !== 0 && headersLength! > 0 ? memory.text(headersAt!, headersLength!) : undefined;
  return {
    method: METHODS[method!] ?? 'GET',
    url,
    headers: headers === undefined ? [] : parseHeaders(headers),
    body,
    maxBodyBytes: Math.max(MIN_BODY_BYTES, Math.floor(memory.size * MEMORY_SHARE)),
  };
}

/** Headers as guests write them, `Key: value` lines: names and values in turn. Lines without a colon are ignored. */
function parseHeaders(text: string): string[] {
  const headers: string[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    if (name !== '' && !GO_HEADERS.has(name.toLowerCase())) headers.push(name, line.slice(colon + 1).trim());
  }
  return headers;
}

/** Writes an answer, silently truncated to the guest's capacities, and returns the call's result code. */
export function writeAnswer(memory: GuestMemory, args: HttpArguments, answer: HttpAnswer): number {
  if (answer.result !== RESULT.ok) return answer.result;
  const { view } = memory;
  const [headersAt = 0, headersLength = 0, bodyAt = 0, bodyLength = 0, statusAt = 0] = args.slice(7);
  if (![headersLength, bodyLength, statusAt].every((cell) => memory.holds(cell, 4))) return RESULT.memory;
  const headers = Buffer.from(answer.headers, 'latin1').subarray(0, view.getUint32(headersLength, true));
  const body = answer.body.subarray(0, view.getUint32(bodyLength, true));
  if (statusAt !== 0) view.setUint32(statusAt, answer.status, true);
  view.setUint32(headersLength, headers.length, true);
  view.setUint32(bodyLength, body.length, true);
  if (!memory.holds(headersAt, headers.length) || !memory.holds(bodyAt, body.length)) return RESULT.memory;
  memory.bytes.set(headers, headersAt);
  memory.bytes.set(body, bodyAt);
  return RESULT.ok;
}
