/** Failures of other programs, recognised by their output. */
import type { z } from 'zod';
import { AppError } from './app-error.js';
import type { ErrorCode } from './codes.js';

export interface KnownFailure {
  when: RegExp;
  code: ErrorCode;
  /** `$1` is the first group that the pattern captured. */
  message: string;
  hint: string;
}

/** The error for the first failure of the table that an output matches; undefined when it matches none. */
export function knownError(
  table: KnownFailure[],
  output: string,
  options: { cause?: unknown; details?(code: ErrorCode): string[] } = {},
): AppError | undefined {
  for (const { when, code, message, hint } of table) {
    const match = when.exec(output);
    if (!match) continue;
    const captured = match.slice(1).find((part) => part !== undefined) ?? '';
    const details = options.details?.(code) ?? [];
    return new AppError(code, message.replace('$1', captured), { hint, cause: options.cause, details });
  }
  return undefined;
}

/** What a program printed as JSON; where that can't be read, throws an error that shows how it begins. */
export function parseOutput<T>(
  schema: z.ZodType<T>,
  output: string,
  code: ErrorCode,
  message: string,
  hint: string,
): T {
  try {
    return schema.parse(JSON.parse(output));
  } catch (cause) {
    const details = output.split('\n').slice(0, 5);
    throw new AppError(code, message, { hint, cause, details: details.map((line) => line.slice(0, 200)) });
  }
}

/** The last lines of an output, without blank ones. */
export const lastLinesOf = (output: string, count: number): string[] =>
  output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
