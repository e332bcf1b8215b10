/**
 * Every expected failure is an {@link AppError}: what happened, why, whose fault it is and what to do. Anything else that
 * is thrown is a bug, and only bugs print stacks.
 */
import { CODES, type ErrorCode, type Fault } from './codes.js';

export interface AppErrorOptions {
  /** What to do about it, in one sentence. */
  hint?: string | undefined;
  /** The failure underneath; kept for `-o json` and logs. */
  cause?: unknown;
  /** Lines that help to understand it, such as the end of a log. */
  details?: string[];
}

/** A failure with a code of the table (`codes.ts`), which gives its fault and the exit code of the command. */
export class AppError extends Error {
  readonly hint: string | undefined;
  readonly details: string[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.hint = options.hint;
    this.details = options.details ?? [];
  }

  get fault(): Fault {
    return CODES[this.code].fault;
  }

  get exitCode(): number {
    return CODES[this.code].exitCode;
  }
}

/** The same failure, with another message, hint or details. */
export function withContext(error: AppError, changes: AppErrorOptions & { message?: string }): AppError {
  const { code, message, hint, cause, details } = error;
  return new AppError(code, changes.message ?? message, { hint, cause, details, ...changes });
}

/** The message of what is underneath a failure: `fetch` hides there what happened. */
export const causeMessageOf = (error: unknown): string =>
  messageOf((error instanceof Error ? error.cause : undefined) ?? error);

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
