// Readings and requests on the wire (docs/protocol.md). Parts that never change are written once.
import { begin, byte, bytes, color, emoji, json, number, query, room, text, timestamp, written } from '../lib/out';
import { lengthOf, Slice } from '../lib/slice';
import { FIELD_COUNT, INTERVAL, PAUSED } from '../lib/values';
import { effectiveValue, sourceOf, version } from './config';
import { fileState } from './file-state';
import { icon } from './icons';
import { instrument } from './instrument';
import { executionId, hostname, jobId, proxy, region, submissionTime, token } from './options';
import { began, dropped, icon as iconIndex, read, rewind, rgb, taken, time, waiting } from './ring';

/** Most readings in one request, after an outage. */
export const BATCH: u32 = 32;
const BODY: usize = 12288;
const body = memory.data(12288);
// The header with the token, and the largest report: 190 bytes, and 16 settings of 110 bytes.
const headers = memory.data(2560);
const sendUrl = memory.data(416);
const effectiveUrl = memory.data(2048);
// The start and the end of every reading.
const headBuffer = memory.data(1152);
const tailBuffer = memory.data(1280);

let head: Slice = 0;
let tail: Slice = 0;
let send: Slice = 0;
let effectiveLength: usize = 0;

/** Writes the parts that never change. */
export function initWire(): void {
  begin(headBuffer, 1152);
  text('{"job_id":"');
  json(jobId);
  text('","execution_id":"');
  json(executionId);
  text('","icon_name":"');
  head = written();
  begin(tailBuffer, 1280);
  text(',"region":"');
  if (lengthOf(region)) json(region);
  else text('unknown');
  text('","job_submission_time":');
  number(submissionTime);
  text(',"hostname":"');
  json(hostname);
  byte(0x22);
  tail = written();
  begin(sendUrl, 416);
  bytes(proxy);
  text('/send');
  send = written();
  begin(effectiveUrl, 2048);
  bytes(proxy);
  text('/config/effective?region=');
  query(region);
  text('&hostname=');
  query(hostname);
  text('&version=');
  effectiveLength = lengthOf(written());
}

export function sendAddress(): Slice {
  return send;
}

/** The address of this sensor's configuration, if there is a newer one. */
export function configAddress(): Slice {
  begin(effectiveUrl + effectiveLength, 2048 - effectiveLength);
  number(version);
  return ((<u64>effectiveUrl) << 32) | (effectiveLength + lengthOf(written()));
}

/** The headers of a request: content type, reported configuration, and token. */
export function requestHeaders(): Slice {
  begin(headers, 2560);
  text('Content-Type: application/json\nX-Sensor-Config: v=');
  number(version);
  text(';src=');
  for (let field = 0; field < FIELD_COUNT; field++) byte(<u32>(0x6e666164 >> (sourceOf(field) << 3)) & 0xff);
  text(';file=');
  text(fileState === 0 ? 'none' : fileState === 1 ? 'ok' : 'bad');
  text(';interval=');
  number(effectiveValue(INTERVAL));
  text(';paused=');
  number(effectiveValue(PAUSED));
  // A sensor that keeps nothing else has taken what it sends.
  if (waiting > 1 || dropped) {
    text(';taken=');
    number(taken);
    text(';dropped=');
    number(dropped);
    text(';began=');
    number(began);
  }
  instrument().writeSettings();
  if (lengthOf(token)) {
    text('\nAuthorization: Bearer ');
    bytes(token);
  }
  return written();
}

/** Writes the reading with this sequence, which is the ring's next one. */
function reading(sequence: u32): void {
  read();
  bytes(head);
  emoji(icon(iconIndex));
  text('","timestamp":"');
  timestamp(time);
  text('","color":"');
  color(rgb);
  text('","sequence":');
  number(sequence);
  bytes(tail);
  instrument().writeValues();
  byte(0x7d);
}

/** Number of readings in the last body. */
export let bodyCount: u32 = 0;

/** The body for up to `count` readings from the oldest on, whose sequence is given: an object for one, an array for several. */
export function requestBody(sequence: u32, count: u32): Slice {
  begin(body, BODY);
  rewind();
  bodyCount = 0;
  if (count === 1) {
    reading(sequence);
    bodyCount = 1;
    return written();
  }
  // Upper bound of one reading: its constant parts, 100 bytes of variable ones with a comma and the brackets, its values.
  const size = lengthOf(head) + lengthOf(tail) + 100 + instrument().valuesSize();
  while (bodyCount < count && room() > size) {
    byte(bodyCount ? 0x2c : 0x5b);
    reading(sequence + bodyCount++);
  }
  byte(0x5d);
  return written();
}
