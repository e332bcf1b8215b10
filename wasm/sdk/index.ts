// The library for sensors of one's own (docs/sdk.md): what a sensor may use. The editor's types are in
// templates/sensors/assemblyscript/types/wasm-sensors.d.ts.
import { wallTime } from '../lib/clock';
import { GET, request, responseBody, status } from '../lib/http';
import { logRarely, newLine, STDOUT } from '../lib/log';
import { text } from '../lib/out';
import { below } from '../lib/random';
import { lengthOf, NOTHING, Slice, slice, startOf } from '../lib/slice';
import { Instrument } from './instrument';
import * as options from './options';
import {
  adoptOffers,
  booleanSetting,
  clearOffers,
  integerSetting,
  numberSetting,
  offer,
  Setting,
  writeSettings,
} from './settings';
import { clearStaged, stagedValues, Values, valuesSize, writeKeptValues } from './values';

export { run } from './run';
export { booleanSetting, integerSetting, numberSetting, Setting, Values };

/** A sensor of one's own: a class with `measure`, given to `run`. */
export abstract class Sensor extends Instrument {
  /**
   * Called for each reading, when it is due: every `interval`. What it adds to `values` is kept with the reading until the
   * proxy has accepted it.
   */
  abstract measure(values: Values): void;

  start(): void {}

  readFlag(): bool {
    return false;
  }

  flagHelp(): string {
    return 'Use --proxy --region --interval --color --emoji --random-off --max-messages --submission-time --config';
  }

  take(): u32 {
    clearStaged();
    this.measure(values);
    return stagedValues();
  }

  writeValues(): void {
    writeKeptValues();
  }

  valuesSize(): usize {
    return valuesSize;
  }

  clearOffers(): void {
    clearOffers();
  }

  offer(member: Slice, value: Slice): void {
    offer(member, value);
  }

  adoptOffers(): void {
    adoptOffers();
  }

  writeSettings(): void {
    writeSettings();
  }
}

const values = new Values();

function decode(s: Slice): string {
  return String.UTF8.decodeUnsafe(startOf(s), lengthOf(s));
}

/** The node's name. */
export function hostname(): string {
  return decode(options.hostname);
}

/** The node's region; '' when it is unknown. */
export function region(): string {
  return decode(options.region);
}

/** Unix milliseconds. */
export function unixTime(): i64 {
  return wallTime();
}

/** A number from 0 up to, not including, 1; others in each sensor. */
export function random(): f64 {
  return <f64>below(1 << 53) / <f64>(1 << 53);
}

let lines: u32 = 0;

/** Writes a line of ASCII to the job's log: the first 20, then ever fewer, so that the node's disk stays free. */
export function log(line: string): void {
  newLine();
  text(line);
  logRarely(STDOUT, ++lines);
}

/**
 * Asks a device or a service near the sensor: the first 2,048 bytes of its answer to GET, or null without a successful
 * one. It blocks, for up to 30 s on a Bacalhau node; readings that fall due meanwhile are taken afterwards.
 */
export function get(url: string): string | null {
  const address = String.UTF8.encode(url);
  const result = request(GET, slice(changetype<usize>(address), address.byteLength), NOTHING, NOTHING);
  return result || status >= 300 ? null : decode(responseBody);
}
