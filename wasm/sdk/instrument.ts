// What differs between sensors: what they measure and which settings they have. All of them take, keep and deliver
// readings with the same code.
import { Slice } from '../lib/slice';

export abstract class Instrument {
  /** Called once, when the flags have been read. */
  abstract start(): void;
  /** Reads the value of the flag at hand (`flagName`), if it is one of this instrument's. */
  abstract readFlag(): bool;
  /** All flags, for the message about an unknown one. */
  abstract flagHelp(): string;
  /**
   * Measures for a reading that is taken now. Values that must be kept with the reading are left in `staged`; the result
   * has a bit for each.
   */
  abstract take(): u32;
  /** Writes `,"values":{...}` for the ring's reading at hand, or nothing. */
  abstract writeValues(): void;
  /** Bytes that `writeValues` writes at most. */
  abstract valuesSize(): usize;
  /** Another configuration is about to be read. */
  abstract clearOffers(): void;
  /** A member of the configuration that is no field of every sensor. */
  abstract offer(member: Slice, value: Slice): void;
  /** The configuration that was read is now in force. */
  abstract adoptOffers(): void;
  /** Writes what follows the fields of every sensor in `X-Sensor-Config`. */
  abstract writeSettings(): void;
}

/** Values of the reading that is being taken, an f64 each. */
export const staged = memory.data(128, 8);

let current: Instrument | null = null;

export function setInstrument(instrument: Instrument): void {
  current = instrument;
}

/** What this sensor measures with. */
export function instrument(): Instrument {
  return current!;
}
