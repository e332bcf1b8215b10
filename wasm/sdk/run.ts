// The sensor: takes readings on time, keeps them, delivers them when it can, and follows its configuration.
import { now, sleepTowards } from '../lib/clock';
import { proc_exit } from '../lib/imports';
import { log, newLine, STDERR, STDOUT } from '../lib/log';
import { bytes, number, text } from '../lib/out';
import { seed } from '../lib/random';
import { INTERVAL } from '../lib/values';
import { effectiveValue, initConfig } from './config';
import { deliver, nextDelivery, superseded } from './delivery';
import { followFile, nextFileCheck } from './file-config';
import { Instrument, setInstrument } from './instrument';
import { executionId, hostname, proxy, readOptions } from './options';
import { completed, due, initReadings, takeDue, taking } from './readings';
import { taken, waiting } from './ring';
import { initWire } from './wire';

/** How long the last readings may take until they are delivered. */
const FLUSH_MS: i64 = 20_000;

function start(instrument: Instrument): void {
  setInstrument(instrument);
  initConfig();
  readOptions();
  seed(executionId, hostname);
  instrument.start();
  initWire();
  initReadings();
  newLine();
  text('sensor ');
  bytes(executionId);
  text(' on ');
  bytes(hostname);
  text(' sends to ');
  bytes(proxy);
  text(' every ');
  number(effectiveValue(INTERVAL));
  text(' ms');
  log(STDOUT);
}

/** Exits with 0, after logging how many readings were not delivered. */
function finish(): void {
  newLine();
  number(taken);
  text(' readings taken, ');
  number(waiting);
  text(' not delivered');
  log(waiting ? STDERR : STDOUT);
  proc_exit(0);
}

function takeAndDeliver(): void {
  let exitAt: i64 = i64.MAX_VALUE;
  while (now() < exitAt) {
    followFile();
    takeDue();
    deliver();
    if (superseded) proc_exit(0);
    if (completed()) {
      if (!waiting) return;
      if (exitAt === i64.MAX_VALUE) exitAt = now() + FLUSH_MS;
    }
    const reading = taking() ? due : i64.MAX_VALUE;
    sleepTowards(min(min(nextDelivery(), nextFileCheck()), min(reading, exitAt)));
  }
}

/** Takes readings with this instrument and delivers them; ends the module when all are taken and delivered. */
export function run(instrument: Instrument): void {
  start(instrument);
  takeAndDeliver();
  finish();
}
