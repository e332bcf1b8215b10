// Sending what was taken, in order. The answer decides: forget, drop one, or keep and try again later.
import { now } from "../lib/clock";
import { GET, POST, request, resultName, responseBody, responseHeaders, status } from "../lib/http";
import { STDERR, STDOUT, newLine, say, saySeldom } from "../lib/log";
import { bytes, number, text } from "../lib/out";
import { below } from "../lib/random";
import { NOTHING, Slice, endOf, startOf, startsWith } from "../lib/slice";
import { receiveConfig } from "./fleet-config";
import { ended } from "./readings";
import { oldest, release, taken, waiting } from "./ring";
import { BATCH, bodyCount, configAddress, requestBody, requestHeaders, sendAddress } from "./wire";

const RETRY_MS: i64 = 2000;
const RETRY_SPREAD_MS: u64 = 500;
const MAX_RETRY_AFTER_S: i64 = 30;
/** A sensor that did not hear from the proxy for so long asks for its configuration. */
const QUIET_MS: i64 = 10_000;

/** Not before this time (of `now`). */
let notBefore: i64 = 0;
let lastAnswer: i64 = 0;
let trouble: bool = false;
/** Readings to send one by one, because the proxy refused the array they were in. */
let singly: u32 = 0;
let troubles: u32 = 0;
let recoveries: u32 = 0;
let refusals: u32 = 0;
/** A newer submission runs on this node: nobody wants more of this one, and before Bacalhau 1.8 nobody else ends it. */
export let superseded: bool = false;
let delivered: u64 = 0;
let milestone: u64 = 1000;

/** When there is something to do next (of `now`). */
export function nextDelivery(): i64 {
  if (waiting || (trouble && !ended())) return notBefore;
  return ended() ? i64.MAX_VALUE : lastAnswer + QUIET_MS;
}

/** Makes one request, if one is due. */
export function deliver(): void {
  if (nextDelivery() > now()) return;
  if (waiting) sendReadings();
  else askForConfig();
}

function askForConfig(): void {
  const result = request(GET, configAddress(), requestHeaders(), NOTHING);
  // Other statuses are answers too: a proxy that knows no configuration is asked again as seldom as any other.
  if (result || mustRetry(status)) return postpone(result);
  answered();
}

function sendReadings(): void {
  const first = oldest();
  const count = trouble || singly ? 1 : min(waiting, BATCH);
  const headers = requestHeaders();
  const result = request(POST, sendAddress(), headers, requestBody(first, count));
  if (result || mustRetry(status)) return postpone(result);
  const last = first + bodyCount - 1;
  if (status >= 400) {
    // A refused array says nothing about each reading in it.
    if (bodyCount > 1) {
      singly = bodyCount;
      return;
    }
    sayRefused(first);
  } else {
    delivered += bodyCount;
    if (status == 207) sayRefused(first);
  }
  if (singly) singly--;
  release(last);
  answered();
}

/** Whether this status is about the proxy or the way to it, not about the reading. */
function mustRetry(code: i32): bool {
  return code < 200 || (code >= 300 && code < 400) || code >= 500 || code == 401 || code == 403 || code == 408 || code == 429;
}

function answered(): void {
  lastAnswer = now();
  notBefore = 0;
  if (trouble) {
    trouble = false;
    newLine();
    text("the proxy answers again; ");
    number(waiting);
    text(" readings wait");
    saySeldom(STDOUT, ++recoveries);
  } else if (delivered >= milestone || (delivered == 1 && taken == 1)) {
    if (delivered >= milestone) milestone *= 10;
    newLine();
    number(delivered);
    text(delivered == 1 ? " reading delivered" : " readings delivered");
    say(STDOUT);
  }
  if (!superseded && startsWith(startOf(responseBody), endOf(responseBody), '{"status":"superseded"')) {
    superseded = true;
    newLine();
    text("ended: superseded by a newer submission of this job, which runs on this node");
    say(STDOUT);
  }
  receiveConfig(responseBody);
}

function postpone(result: i32): void {
  notBefore = now() + max(RETRY_MS, retryAfter() * 1000) + <i64>below(RETRY_SPREAD_MS);
  if (trouble) return;
  trouble = true;
  newLine();
  text("cannot deliver: ");
  if (result) {
    text(resultName(result));
  } else {
    text("the proxy answers ");
    number(status);
    if (status == 401 || status == 403) text(", check SENSOR_TOKEN");
  }
  text(". Readings are kept, next try in 2 s");
  saySeldom(STDERR, ++troubles);
}

/** Seconds that the proxy asks to wait; 0 when it does not say. */
function retryAfter(): i64 {
  const end = endOf(responseHeaders);
  for (let at = startOf(responseHeaders); at < end; at++) {
    if (!startsWith(at, end, "Retry-After: ")) continue;
    let seconds: i64 = 0;
    for (at += 13; at < end && <u32>load<u8>(at) - 0x30 < 10; at++) seconds = seconds * 10 + load<u8>(at) - 0x30;
    return min(seconds, MAX_RETRY_AFTER_S);
  }
  return 0;
}

function sayRefused(sequence: u32): void {
  newLine();
  text("refused with ");
  number(status);
  text(" (from reading ");
  number(sequence);
  text(" on), dropped: ");
  const answer: Slice = responseBody;
  bytes(answer);
  saySeldom(STDERR, ++refusals);
}
