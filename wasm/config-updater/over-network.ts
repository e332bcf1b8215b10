// Changes the fleet configuration at the proxy: `PATCH /config` (docs/protocol.md).
import { now, sleepTowards } from '../lib/clock';
import { PATCH, request, responseBody, resultName, status } from '../lib/http';
import { fail, log, newLine, STDERR, STDOUT } from '../lib/log';
import { begin, byte, bytes, json, number, text, written } from '../lib/out';
import { lengthOf, Slice } from '../lib/slice';
import { FIELD_COUNT, UNSET } from '../lib/values';
import { changeOf, hostname, proxy, REMOVE, region, seen, token } from './options';
import { fieldName, writeValue } from './values-out';

const TRIES: i32 = 5;
const RETRY_MS: i64 = 2000;
const urlBuffer = memory.data(416);
const headerBuffer = memory.data(640);
const bodyBuffer = memory.data(2048);

function address(): Slice {
  begin(urlBuffer, 416);
  bytes(proxy);
  text('/config');
  return written();
}

function headers(): Slice {
  begin(headerBuffer, 640);
  text('Content-Type: application/json');
  if (lengthOf(token)) {
    text('\nAuthorization: Bearer ');
    bytes(token);
  }
  return written();
}

function body(): Slice {
  begin(bodyBuffer, 2048);
  text('{"scope":{');
  if (lengthOf(region) + lengthOf(hostname)) {
    text(lengthOf(region) ? '"region":"' : '"hostname":"');
    json(lengthOf(region) ? region : hostname);
    byte(0x22);
  }
  text('},"set":{');
  writeFields(false);
  text('},"unset":[');
  writeFields(true);
  byte(0x5d);
  if (seen >= 0) {
    text(',"seen":');
    number(seen);
  }
  byte(0x7d);
  return written();
}

/** Members for the fields that get a value, or names of the fields whose value is removed. */
function writeFields(removed: bool): void {
  let first = true;
  for (let field = 0; field < FIELD_COUNT; field++) {
    const change = changeOf(field);
    if (change === UNSET || (change === REMOVE) !== removed) continue;
    if (!first) byte(0x2c);
    first = false;
    byte(0x22);
    text(fieldName(field));
    byte(0x22);
    if (removed) continue;
    byte(0x3a);
    writeValue(field, change);
  }
}

/** Sends the change and logs the answer; fails when the proxy does not accept it. */
export function changeFleet(): void {
  for (let attempt = 1; ; attempt++) {
    const result = request(PATCH, address(), headers(), body());
    newLine();
    if (!result && status < 300) {
      text('the proxy accepted the change: ');
      bytes(responseBody);
      log(STDOUT);
      return;
    }
    const temporary = result === 2 || result === 3 || status === 429 || status >= 500;
    if (result) {
      text('cannot reach the proxy: ');
      text(resultName(result));
    } else {
      text('the proxy answered ');
      number(status);
      if (status === 401 || status === 403) {
        text(lengthOf(token) ? ' (WASM_SENSORS_TOKEN is not' : ' (there is no WASM_SENSORS_TOKEN: set it to');
        text(' the operator token)');
      }
      text(': ');
      bytes(responseBody);
    }
    if (!temporary || attempt === TRIES) fail();
    log(STDERR);
    const retryAt = now() + RETRY_MS;
    while (now() < retryAt) sleepTowards(retryAt);
  }
}
