/** Calls SQS through the SDK at less cost: the SDK assembles its chain of middleware anew for every call, this does once. */
import type { ServiceInputTypes, ServiceOutputTypes, SQSClient } from '@aws-sdk/client-sqs';

/** As much of an SDK command as is needed; `I` and `O` are its input and output. */
interface SqsCommand<I extends ServiceInputTypes, O extends ServiceOutputTypes> {
  readonly input: I;
  resolveMiddleware(stack: unknown, config: unknown, options: { abortSignal?: AbortSignal }): Handler<I, O>;
}

type Handler<I, O> = (command: { input: I }) => Promise<{ output: O }>;

/** Rejects as `client.send` does. */
export type SqsCall = <I extends ServiceInputTypes, O extends ServiceOutputTypes>(
  command: SqsCommand<I, O>,
  signal?: AbortSignal,
) => Promise<O>;

/**
 * The client's own cache (`cacheMiddleware`) is emptied by every call that has a signal, so each signal has its own
 * here. A chain may be shared by calls that run at the same time because all of them go to one server.
 */
export function createCall(client: SQSClient): SqsCall {
  const withoutSignal = new Map<unknown, unknown>();
  const bySignal = new WeakMap<AbortSignal, Map<unknown, unknown>>();
  const handlersOf = (signal: AbortSignal | undefined) => {
    if (!signal) return withoutSignal;
    let handlers = bySignal.get(signal);
    if (!handlers) bySignal.set(signal, (handlers = new Map()));
    return handlers;
  };
  return async <I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: SqsCommand<I, O>,
    signal?: AbortSignal,
  ) => {
    const handlers = handlersOf(signal);
    let handler = handlers.get(command.constructor) as Handler<I, O> | undefined;
    if (!handler) {
      handler = command.resolveMiddleware(client.middlewareStack, client.config, signal ? { abortSignal: signal } : {});
      handlers.set(command.constructor, handler);
    }
    return (await handler(command)).output;
  };
}
