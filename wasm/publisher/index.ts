// The sensor: takes readings on time, keeps them, delivers them when it can, and follows its configuration.
import { now, sleepTowards } from "../lib/clock";
import { STDERR, STDOUT, newLine, say } from "../lib/log";
import { bytes, number, text } from "../lib/out";
import { seed } from "../lib/random";
import { INTERVAL } from "../lib/values";
import { proc_exit } from "../lib/wasi";
import { initConfig, valueOf } from "./config";
import { deliver, nextDelivery, superseded } from "./delivery";
import { executionId, hostname, proxy, readOptions } from "./options";
import { followFile, nextFileCheck } from "./file-config";
import { due, ended, initReadings, takeDue, taking } from "./readings";
import { taken, waiting } from "./ring";
import { initWire } from "./wire";

/** How long the last readings may take to be delivered. */
const FLUSH_MS: i64 = 20_000;

function start(): void {
  initConfig();
  readOptions();
  seed(executionId, hostname);
  initWire();
  initReadings();
  newLine();
  text("sensor ");
  bytes(executionId);
  text(" on ");
  bytes(hostname);
  text(" sends to ");
  bytes(proxy);
  text(" every ");
  number(valueOf(INTERVAL));
  text(" ms");
  say(STDOUT);
}

/** Ends well; readings that could not be delivered are said. */
function finish(): void {
  newLine();
  number(taken);
  text(" readings taken, ");
  number(waiting);
  text(" not delivered");
  say(waiting ? STDERR : STDOUT);
  proc_exit(0);
}

function run(): void {
  let endAt: i64 = i64.MAX_VALUE;
  while (now() < endAt) {
    followFile();
    takeDue();
    deliver();
    if (superseded) proc_exit(0);
    if (ended()) {
      if (!waiting) return;
      if (endAt == i64.MAX_VALUE) endAt = now() + FLUSH_MS;
    }
    const reading = taking() ? due : i64.MAX_VALUE;
    sleepTowards(min(min(nextDelivery(), nextFileCheck()), min(reading, endAt)));
  }
}

start();
run();
finish();

export { asyncify_buffer_end, asyncify_buffer_start } from "../lib/suspend";
