/**
 * Every expected failure is an {@link AppError}: what happened, why, whose fault it is and what to do. Anything else that
 * is thrown is a bug, and only bugs print stacks.
 */
import type { Fault } from './codes.js';

export interface AppErrorOptions {
  /** What to do about it, in one sentence. */
  hint?: string;
  /** The failure underneath; kept for `-o json` and logs. */
  cause?: unknown;
  /** Process exit code: 1 failed (default), 2 usage. */
  exitCode?: number;
  /** Lines that help to understand it, such as the end of a log. */
  details?: string[];
}

/** A failure with a stable code such as `PORT_IN_USE`. */
export class AppError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly details: string[];

  constructor(
    readonly code: string,
    readonly fault: Fault,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
    this.details = options.details ?? [];
  }
}

/** The caller's input can't be used; exit code 2. */
export function usageError(code: string, message: string, hint?: string): AppError {
  return new AppError(code, 'user', message, { exitCode: 2, ...(hint === undefined ? {} : { hint }) });
}

/** Something outside this program failed; exit code 1. */
export function systemError(code: string, message: string, options: AppErrorOptions = {}): AppError {
  return new AppError(code, 'system', message, options);
}

/** The same failure, with another message, hint or details. */
export function withContext(error: AppError, changes: AppErrorOptions & { message?: string }): AppError {
  const { code, fault, message, hint, cause, exitCode, details } = error;
  const options = { ...(hint === undefined ? {} : { hint }), cause, exitCode, details };
  return new AppError(code, fault, changes.message ?? message, { ...options, ...changes });
}

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
