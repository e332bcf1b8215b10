/** What all serving commands share: listen, report it, run until they are asked to stop, close in order. */
import { AppError } from '../lib/errors/app-error.js';
import { type Listener, type ListenOptions, listen } from '../lib/net/listen.js';
import { reportReady, stopRequested } from '../lib/process/shutdown.js';
import type { Output } from './output/output.js';

export interface ServeOptions extends ListenOptions {
  out: Output;
  /** Runs once the port is bound. */
  onListening?(listener: Listener): Promise<void> | void;
  /** Runs after the port stopped accepting; finishes what was accepted. */
  onClose(): Promise<void> | void;
  /** How long requests under way may take at the end, in milliseconds. */
  graceMs?: number;
}

/** A supervisor that was killed leaves nobody who would wait: what is not finished by then was never acknowledged. */
const ORPHAN_GRACE_MS = 2000;

/** Serves until SIGINT, SIGTERM or the exit of the supervisor. Resolves with the exit code: 130 for SIGINT, else 0. */
export async function serveUntilStopped(options: ServeOptions): Promise<number> {
  const { out, purpose } = options;
  const stop = stopRequested({ supervised: true });
  const listener = await listen(options);
  await options.onListening?.(listener);
  out.note(`${purpose} on ${listener.url}`);
  reportReady({ url: listener.url });
  const reason = await stop;
  if (reason === 'supervisor gone') setTimeout(() => process.exit(0), ORPHAN_GRACE_MS).unref();
  const closing = listener.close(options.graceMs ?? 5000);
  await options.onClose();
  await closing;
  if (process.connected) process.disconnect();
  return reason === 'SIGINT' ? 130 : 0;
}

/** Exits with the reason on stderr when an error occurs that no handler expects. */
export function failLoudly(out: Output): void {
  const end = (error: unknown) => process.exit(out.error(error ?? new AppError('UNKNOWN', 'unknown failure')));
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
