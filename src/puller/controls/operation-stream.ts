/**
 * The answer to a request that takes long: a JSON document a line. First how far it is, `{"progress":{"done":1,"of":3}}`,
 * and at the end `{"result":…}` or `{"error":{"code",…}}`. The status is 200 before the outcome is known.
 */
import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { httpErrorBody } from '../../lib/errors/http-error.js';
import type { Report } from './fleet-controls.js';

export interface OperationOptions {
  /** Aborted when the process stops: the answer ends, and the operation is not waited for. */
  closed: AbortSignal;
  /** Takes the stack of a bug. */
  log(text: string): void;
}

/** A client that leaves does not end the operation: what was begun is done. */
export function operationStream(
  c: Context,
  { closed, log }: OperationOptions,
  operation: (report: Report) => Promise<object>,
): Response {
  c.header('content-type', 'application/x-ndjson');
  c.header('cache-control', 'no-store');
  return stream(c, async (lines) => {
    let last = '';
    const report: Report = (progress) => {
      const line = JSON.stringify({ progress });
      if (line !== last) void lines.writeln(line);
      last = line;
    };
    const outcome = await Promise.race([operation(report), stopped(closed)]).then(
      (result) => ({ result }),
      (error) => errorLine(error, log),
    );
    await lines.writeln(JSON.stringify(outcome));
  });
}

function stopped(closed: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(new AppError('STOPPING', 'the puller is stopping; what it began may still be done'));
    if (closed.aborted) fail();
    else closed.addEventListener('abort', fail, { once: true });
  });
}

function errorLine(error: unknown, log: (text: string) => void): object {
  if (error instanceof AppError) {
    const { code, message, hint, details } = error;
    const { error: fields } = httpErrorBody({ code, message, ...(hint === undefined ? {} : { hint }) });
    return { error: { ...fields, ...(details.length > 0 ? { details } : {}) } };
  }
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return httpErrorBody({ code: 'INTERNAL', message: messageOf(error) });
}
