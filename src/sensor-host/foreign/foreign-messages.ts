/** What the sensor host and the process of a foreign module tell each other. */
import type { HttpError } from '../../lib/errors/http-error.js';
import type { GuestExit } from '../guest/wasi-guest.js';
import type { GuestSpec, HostCounts } from '../sensor-host.js';

/** The first message. */
export interface Opening {
  /** Path of the module. */
  module: string;
  /** Hosts that its guests may reach. */
  allow: readonly string[];
  /** Regions whose links are cut. */
  cut: readonly string[];
  /** PEM of a private certificate authority. */
  ca?: string | undefined;
}

export type ToForeign =
  | { open: Opening }
  | { start: number; spec: Omit<GuestSpec, 'allowed'> }
  | { stop: number }
  | { region: string; connected: boolean };

export type FromForeign =
  /** `threads`: each of its guests has a thread. */
  | { opened: { threads: boolean } }
  | { failed: HttpError }
  | { ended: number; exit: GuestExit; lastLine: string }
  | { refused: string }
  | { counts: HostCounts };

/** The line of stderr that says why the process ended itself; V8 begins its own like this. */
export const FATAL = 'FATAL ERROR: ';
