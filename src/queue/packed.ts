/** Many readings in one message of the queue (docs/protocol.md, "Packed messages"). */
import { gunzipSync, gzipSync } from 'node:zlib';

/** The attribute of a message whose body is lines as relays send them; its value says how they are written. */
export const PACKED_ATTRIBUTE = 'packed';
const LINES = 'readings';
const GZIP = 'readings+gzip';

/** Proxies pack no more: what can't be stored of them keeps the others waiting. */
export const MAX_PACKED_READINGS = 500;
/** Of fewer characters gzip costs more time than it saves. */
const WORTH_GZIP = 3_000;
/** Others that may send to the queue are not to fill the puller's memory. */
const MAX_LINES_BYTES = 1_048_576;

/** `lines`: as `relayedLine` writes them. */
export function packedBody(lines: string): { encoding: string; body: string } {
  if (lines.length < WORTH_GZIP) return { encoding: LINES, body: lines };
  // Base64, because SQS takes text only.
  const body = gzipSync(lines, { level: 1 }).toString('base64');
  return body.length < lines.length ? { encoding: GZIP, body } : { encoding: LINES, body: lines };
}

/** The lines of a message with this value of the attribute; undefined: it is none that a proxy has packed. */
export function unpackedLines(encoding: string | undefined, body: string): string[] | undefined {
  const lines = encoding === GZIP ? inflated(body) : body;
  if (lines === undefined || (encoding !== LINES && encoding !== GZIP)) return undefined;
  return lines.split('\n').filter((line) => line !== '');
}

function inflated(body: string): string | undefined {
  try {
    return gunzipSync(Buffer.from(body, 'base64'), { maxOutputLength: MAX_LINES_BYTES }).toString();
  } catch {
    return undefined;
  }
}
