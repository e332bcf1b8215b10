/** Sets the wall clock of processes by libfaketime; their monotonic clock stays true, as on a machine whose clock is set. */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARIES = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib'];
const library = LIBRARIES.map((folder) => join(folder, 'faketime/libfaketime.so.1')).find(existsSync);

/** Why no clock can be set here; undefined: one can. */
export const faketimeMissing = library ? undefined : 'needs libfaketime (Debian package libfaketime)';

export class FakeClock {
  readonly #file: string;

  /** `folder`: for the file that processes read the time from. */
  constructor(folder: string) {
    this.#file = join(folder, 'faketime');
    this.set('+0');
  }

  /** For the environment of the processes whose clock it is. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: library!,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** Sets the clock ahead of the true time or behind it: `+2d`, `+25h`, `-1h`, `+0`. */
  set(offset: string): void {
    writeFileSync(`${this.#file}.new`, offset);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
