// Sends readings in order. The answer decides: delivered, dropped, or kept for a retry.
import { now } from '../lib/clock';
import { GET, POST, request, responseBody, responseHeaders, resultName, status } from '../lib/http';
import { log, logRarely, newLine, STDERR, STDOUT } from '../lib/log';
import { bytes, number, text } from '../lib/out';
import { below } from '../lib/random';
import { endOf, NOTHING, Slice, startOf, startsWith } from '../lib/slice';
import { receiveConfig } from './fleet-config';
import { completed } from './readings';
import { oldest, release, taken, waiting } from './ring';
import { BATCH, bodyCount, configAddress, requestBody, requestHeaders, sendAddress } from './wire';

const RETRY_MS: i64 = 2000;
const RETRY_SPREAD_MS: u64 = 500;
const MAX_RETRY_AFTER_S: i64 = 30;
/** A sensor without an answer from the proxy for this long asks for its configuration. */
const QUIET_MS: i64 = 10_000;

/** Time of the next attempt (of `now`). */
let notBefore: i64 = 0;
let lastAnswer: i64 = 0;
/** Whether the last attempt failed. */
let failing: bool = false;
/** Readings to send one by one, because the proxy rejected the array they were in, or takes no arrays. */
let oneByOne: u32 = 0;
/** How many readings are sent one by one before the next array is tried, after a proxy failed at one. */
let singles: u32 = BATCH;
const MAX_SINGLES: u32 = 1024;
let failures: u32 = 0;
let recoveries: u32 = 0;
let rejections: u32 = 0;
/** A newer submission runs on this node, so this execution exits: Bacalhau before 1.8 would not stop it. */
export let superseded: bool = false;
let delivered: u64 = 0;
let milestone: u64 = 1000;

/** When there is something to do next (of `now`). */
export function nextDelivery(): i64 {
  if (waiting || (failing && !completed())) return notBefore;
  return completed() ? i64.MAX_VALUE : lastAnswer + QUIET_MS;
}

/** Makes one request, if one is due. */
export function deliver(): void {
  if (nextDelivery() > now()) return;
  if (waiting) sendReadings();
  else askForConfig();
}

function askForConfig(): void {
  const result = request(GET, configAddress(), requestHeaders(), NOTHING);
  // Other statuses are answers too: a proxy without configuration is not asked more often than others.
  if (result || mustRetry(status)) {
    retryLater(result);
    return;
  }
  answered();
}

function sendReadings(): void {
  const first = oldest();
  const count = failing || oneByOne ? 1 : min(waiting, BATCH);
  const headers = requestHeaders();
  const result = request(POST, sendAddress(), headers, requestBody(first, count));
  if (result || mustRetry(status)) {
    // It took a single reading before this. A proxy that knows no arrays fails at each of them: others are tried ever
    // more rarely, so that a sensor with a short interval catches up, too.
    if (!result && status >= 500 && bodyCount > 1) {
      oneByOne = singles;
      singles = min(singles * 2, MAX_SINGLES);
    }
    retryLater(result);
    return;
  }
  const last = first + bodyCount - 1;
  if (status >= 400) {
    // A rejected array does not show which of its readings is bad.
    if (bodyCount > 1) {
      oneByOne = bodyCount;
      return;
    }
    logRejected(first);
  } else {
    delivered += bodyCount;
    if (status === 207) logRejected(first);
  }
  if (bodyCount > 1) singles = BATCH;
  if (oneByOne) oneByOne--;
  release(last);
  answered();
}

/** Whether this status is about the proxy or the network, not about the reading. */
function mustRetry(code: i32): bool {
  return (
    code < 200 ||
    (code >= 300 && code < 400) ||
    code >= 500 ||
    code === 401 ||
    code === 403 ||
    code === 408 ||
    code === 429
  );
}

function answered(): void {
  lastAnswer = now();
  notBefore = 0;
  if (failing) {
    failing = false;
    newLine();
    text('proxy reachable again; ');
    number(waiting);
    text(' readings waiting');
    logRarely(STDOUT, ++recoveries);
  } else if (delivered >= milestone || (delivered === 1 && taken === 1)) {
    if (delivered >= milestone) milestone *= 10;
    newLine();
    number(delivered);
    text(delivered === 1 ? ' reading delivered' : ' readings delivered');
    log(STDOUT);
  }
  if (!superseded && startsWith(startOf(responseBody), endOf(responseBody), '{"status":"superseded"')) {
    superseded = true;
    newLine();
    text('exiting: superseded by a newer submission of this job on this node');
    log(STDOUT);
  }
  receiveConfig(responseBody);
}

function retryLater(result: i32): void {
  notBefore = now() + max(RETRY_MS, retryAfter() * 1000) + <i64>below(RETRY_SPREAD_MS);
  if (failing) return;
  failing = true;
  newLine();
  text('delivery failed: ');
  if (result) {
    text(resultName(result));
  } else {
    text('the proxy answered ');
    number(status);
    if (status === 401 || status === 403) text(' (check SENSOR_TOKEN)');
  }
  text('. Readings are kept; retrying');
  logRarely(STDERR, ++failures);
}

/** Seconds to wait that the proxy asks for; 0 = not given. */
function retryAfter(): i64 {
  const end = endOf(responseHeaders);
  for (let at = startOf(responseHeaders); at < end; at++) {
    if (!startsWith(at, end, 'Retry-After: ')) continue;
    let seconds: i64 = 0;
    for (at += 13; at < end && <u32>load<u8>(at) - 0x30 < 10; at++) seconds = seconds * 10 + load<u8>(at) - 0x30;
    return min(seconds, MAX_RETRY_AFTER_S);
  }
  return 0;
}

function logRejected(sequence: u32): void {
  newLine();
  text('rejected with ');
  number(status);
  text(' (from reading ');
  number(sequence);
  text(' on), dropped: ');
  const answer: Slice = responseBody;
  bytes(answer);
  logRarely(STDERR, ++rejections);
}
