// Bacalhau's `wasi:http/requests`. A call blocks, for up to 30 s on a real node; 4xx and 5xx are successes of the call.
import { http_request } from './imports';
import { lengthOf, Slice, slice, startOf } from './slice';

export const GET: i32 = 0;
export const POST: i32 = 1;
export const PATCH: i32 = 6;

// The host silently truncates longer answers; readers of `responseBody` must detect it.
const HEADERS_CAPACITY: u32 = 768;
const BODY_CAPACITY: u32 = 2048;
const headerBuffer = memory.data(768);
const bodyBuffer = memory.data(2048);
// Three cells: length of the headers, length of the body, status.
const cells = memory.data(12);

/** Status of the last answer; 0 when there was none. */
export let status: i32 = 0;
export let responseHeaders: Slice = 0;
export let responseBody: Slice = 0;

/** Sends a request; 0 if there is an answer, else the host's result code (2 network, 3 timeout, ...). */
export function request(method: i32, url: Slice, headers: Slice, body: Slice): i32 {
  store<u32>(cells, HEADERS_CAPACITY);
  store<u32>(cells, BODY_CAPACITY, 4);
  store<u32>(cells, 0, 8);
  const result = http_request(
    method,
    startOf(url),
    lengthOf(url),
    startOf(headers),
    lengthOf(headers),
    startOf(body),
    lengthOf(body),
    headerBuffer,
    cells,
    bodyBuffer,
    cells + 4,
    cells + 8,
  );
  const answered = result === 0;
  status = answered ? load<u32>(cells, 8) : 0;
  responseHeaders = answered ? slice(headerBuffer, load<u32>(cells)) : 0;
  responseBody = answered ? slice(bodyBuffer, load<u32>(cells, 4)) : 0;
  return result;
}

/** The result of a call without an answer, for people. */
export function resultName(result: i32): string {
  if (result === 1) return 'the URL is invalid';
  if (result === 3) return 'no answer within 30 s';
  return result === 4 ? "the job's network does not allow it" : 'cannot connect';
}
