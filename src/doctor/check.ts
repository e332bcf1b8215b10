/** What a check of `doctor` is, and what it finds. */
import { AppError } from '../lib/errors/app-error.js';
import type { ErrorCode } from '../lib/errors/codes.js';
import { explainStateFailure } from '../lib/fs/state-folder.js';
import type { CheckContext } from './check-context.js';

export type CheckStatus = 'ok' | 'warning' | 'failure' | 'skipped';

export interface Finding {
  status: CheckStatus;
  /** What was seen, or why it was not checked. */
  why: string;
  /** What to do, with the command that does it. */
  fix?: string;
  code?: ErrorCode;
  /** Lines that belong to it, such as a policy to copy. */
  details?: string[];
  /** Repairs it without losing anything; resolves with what was done. */
  repair?(): Promise<string> | string;
}

/** What is found, also where it is good. An `AppError` that it throws is a failure, too. */
export type Part = (context: CheckContext) => Promise<Finding[]> | Finding[];

export interface Check {
  /** In JSON and text, such as `state folder`. */
  name: string;
  parts: Part[];
}

export const ok = (why: string): Finding[] => [{ status: 'ok', why }];
export const skipped = (why: string): Finding[] => [{ status: 'skipped', why }];
/** For what only some networks need. */
export const notNeeded = ({ provider, needsError }: CheckContext): Finding[] =>
  skipped(needsError ? 'the settings of the network are not complete' : `the ${provider.kind} network needs none`);
export const problem = (status: 'warning' | 'failure', why: string, fix: string): Finding => ({ status, why, fix });

/** An expected error as a finding; any other error is thrown again. */
export function findingOf(error: unknown, status: CheckStatus = 'failure'): Finding {
  if (!(error instanceof AppError)) throw error;
  const { message: why, hint: fix, code, details } = error;
  return { status, why, code, ...(fix === undefined ? {} : { fix }), ...(details.length > 0 ? { details } : {}) };
}

/** What reading, such as of a file, throws; nothing where it throws nothing. */
export function findFailure(read: () => unknown): Finding[] {
  try {
    read();
    return [];
  } catch (error) {
    return [findingOf(error)];
  }
}

export async function runPart(part: Part, context: CheckContext): Promise<Finding[]> {
  try {
    return await part(context);
  } catch (error) {
    return [findingOf(explainStateFailure(error, context.stateDir))];
  }
}

/** Every problem that the parts find, and what is good in one line. It is skipped where all of its parts are. */
export async function runCheck({ parts }: Check, context: CheckContext): Promise<Finding[]> {
  const found = (await Promise.all(parts.map((part) => runPart(part, context)))).flat();
  const whysOf = (status: CheckStatus) => new Set(found.flatMap((one) => (one.status === status ? one.why : [])));
  const good = [...whysOf('ok')].join('; ');
  const problems = found.filter(({ status }) => status === 'warning' || status === 'failure');
  if (good === '' && problems.length === 0) return skipped([...whysOf('skipped')].join('; '));
  return [...(good === '' ? [] : ok(good)), ...problems];
}
