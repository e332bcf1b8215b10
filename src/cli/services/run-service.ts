/** What all services share: log, listen, run until they are asked to stop, close in order. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { ErrorCode } from '../../lib/errors/codes.js';
import { createLogger, type Logger, stackOf } from '../../lib/log/logger.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import { portInUse, probePort } from '../../lib/net/choose-port.js';
import { type Listener, type ListenOptions, listen } from '../../lib/net/http-server.js';
import { reportReady, stopRequested } from '../../lib/process/shutdown.js';
import { queueOptions } from '../../queue/open-queue.js';
import type { Queue } from '../../queue/queue.js';
import { endpointOf } from '../../queue/sqs-client.js';

/**
 * Runs a service with its logger until it is asked to stop; resolves with the exit code. An error that no handler expects ends
 * the process with a line in the log. An error of the start is shown as that of any command, or with `--log-format json` as a
 * line of the log.
 */
export async function runService(
  { logLevel, logFormat }: Pick<Settings, 'logLevel' | 'logFormat'>,
  open: (log: Logger) => Promise<Service>,
): Promise<number> {
  const log = createLogger({ level: logLevel, format: logFormat });
  const end = (error: unknown) => process.exit(logFailure(log, error));
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  try {
    return await serve(await open(log), log);
  } catch (error) {
    if (logFormat === 'text') throw error;
    if (process.connected) process.disconnect();
    return logFailure(log, error);
  }
}

function logFailure(log: Logger, error: unknown): number {
  if (!(error instanceof AppError)) {
    log.error('failed', messageOf(error), stackOf(error));
    return 1;
  }
  const { code, message, hint, details, exitCode } = error;
  log.error('failed', message, { code, hint, ...(details.length > 0 ? { details } : {}) });
  return exitCode;
}

/** Logs a defect that a request met: its first line, and the stack after it. */
export function logDefect(log: Logger, text: string): void {
  const [first = '', ...stack] = text.split('\n');
  log.error('request.failed', first, { stack: stack.join('\n') });
}

/**
 * Opening a queue or a database may wait long. Before it, throws where the settings name no queue that can be, and where the port
 * is in use.
 */
export async function checkStart(settings: Settings, port: number, names: Pick<ListenOptions, 'purpose' | 'flag'>) {
  endpointOf(queueOptions(settings));
  const { host } = settings;
  const isFree = port === 0 || (await probePort(port, host)) !== undefined;
  if (!isFree) throw portInUse(port, host, names.purpose, names.flag);
}

/** Trying again does not help: somebody has to act. */
const NEEDS_SOMEBODY: ErrorCode[] = ['QUEUE_CREDENTIALS', 'QUEUE_DENIED', 'QUEUE_REGION_UNKNOWN'];

/** A queue that does not answer yet is asked again with every message. */
export async function checkQueue(queue: Pick<Queue, 'depth'>, log: Logger): Promise<void> {
  try {
    await queue.depth();
  } catch (error) {
    if (error instanceof AppError && NEEDS_SOMEBODY.includes(error.code))
      return log.error('queue.refused', error.message, { code: error.code, hint: error.hint });
    log.info('queue.unreachable', `the queue is not there yet: ${messageOf(error)}`);
  }
}

/** Throws where a service without any of these `secrets` would be reached from elsewhere. `act`: what anybody could do. */
export function refuseOpen(
  { host, open }: Settings,
  secrets: (string | undefined)[],
  { code, act, hint }: { code: ErrorCode; act: string; hint: string },
): void {
  if (isLoopback(host) || open || secrets.some((secret) => secret !== undefined)) return;
  throw new AppError(code, `listening on ${host}, anybody who reaches this machine could ${act}`, { hint });
}

/**
 * Throws where a file that was named holds something else than a database: it would be moved aside as a damaged one. Files of
 * the state folder are ours, and mended.
 */
export function refuseForeignFile(path: string, { stateDir }: Pick<Settings, 'stateDir'>): void {
  if (dirname(resolve(path)) === resolve(stateDir) || !statSync(path, { throwIfNoEntry: false })?.size) return;
  const start = Buffer.alloc(MAGIC.length);
  const file = openSync(path, 'r');
  readSync(file, start);
  closeSync(file);
  if (start.toString() === MAGIC) return;
  throw new AppError('BAD_OPTION', `--data: ${path} is there, and is no database`, {
    hint: 'Name another file. If it was one of ours and is damaged, move it away.',
  });
}
const MAGIC = 'SQLite format 3\0';

interface Service extends ListenOptions {
  /** Runs once the port is bound; `stop` resolves when the process is to stop. */
  onListening?(listener: Listener, stop: Promise<unknown>): unknown;
  /** Runs after the port stopped accepting; finishes what was accepted. */
  onClose(): Promise<void> | void;
  /** How long requests under way may take at the end, in milliseconds. */
  graceMs?: number;
}

/** A supervisor that was killed leaves nobody who would wait: what is not finished by then was never acknowledged. */
const ORPHAN_GRACE_MS = 2000;

/** Serves until SIGINT, SIGTERM or the exit of the supervisor. Resolves with the exit code: 130 for SIGINT, else 0. */
async function serve(service: Service, log: Logger): Promise<number> {
  const { purpose } = service;
  const stop = stopRequested({ supervised: true });
  const listener = await listen(service);
  await service.onListening?.(listener, stop);
  const beyond = isLoopback(service.host) ? '' : ` (--host ${service.host})`;
  log.info('listening', `${purpose} on ${listener.url}${beyond}`, { url: listener.url });
  reportReady({ url: listener.url });
  const reason = await stop;
  log.info('stopping', `${purpose} is stopping: ${reason}`, { reason });
  if (reason === 'supervisor gone') setTimeout(() => process.exit(0), ORPHAN_GRACE_MS).unref();
  const closing = listener.close(service.graceMs ?? 5000);
  await service.onClose();
  await closing;
  if (process.connected) process.disconnect();
  return reason === 'SIGINT' ? 130 : 0;
}
