/** What a sensor may use, for the editor. `wasm-sensors build wasm` has the library itself. */
declare module 'wasm-sensors/sdk' {
  /** A sensor of one's own: a class with `measure`, given to `run`. */
  export abstract class Sensor {
    /**
     * Called for each reading, when it is due: every `interval`. What it adds to `values` is kept with the reading until
     * the proxy has accepted it.
     */
    abstract measure(values: Values): void;
  }

  /** What a sensor has measured for one reading. */
  export class Values {
    /**
     * Adds a value. The name has lower-case letters, digits and `_`, at most 32, a letter first; a reading has at most
     * 16. Infinity and NaN can't be sent: such a value is left out.
     */
    set(name: string, value: f64): void;
  }

  /** A declared setting: changed live by `wasm-sensors config set <name>=<value>`. */
  export class Setting {
    private constructor();
    /** The value in force; of a boolean, 1 or 0. */
    readonly value: f64;
    /** Whether a boolean is true. */
    readonly on: bool;
  }

  /** Declares a number from `least` to `most`; a sensor has at most 16 settings, named as values are. */
  export function numberSetting(name: string, fallback: f64, least: f64, most: f64): Setting;

  /** Declares a whole number from `least` to `most`. */
  export function integerSetting(name: string, fallback: f64, least: f64, most: f64): Setting;

  /** Declares a setting that is true or false. */
  export function booleanSetting(name: string, fallback: bool): Setting;

  /** Takes readings with this sensor and delivers them, until the job is stopped. */
  export function run(sensor: Sensor): void;

  /** The node's name. */
  export function hostname(): string;

  /** The node's region; '' when it is unknown. */
  export function region(): string;

  /** Unix milliseconds. */
  export function unixTime(): i64;

  /** A number from 0 up to, not including, 1; others in each sensor. */
  export function random(): f64;

  /** Writes a line of ASCII to the job's log: the first 20, then ever fewer, so that the node's disk stays free. */
  export function log(line: string): void;

  /**
   * Asks a device or a service near the sensor: the first 2,048 bytes of its answer to GET, or null without a successful
   * one. It blocks, for up to 30 s on a Bacalhau node; readings that fall due meanwhile are taken afterwards.
   */
  export function get(url: string): string | null;
}
