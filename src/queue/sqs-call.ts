/** How SQS is called: an action with its input. {@link createSdkCall} for Amazon, `unsigned-call.ts` for the embedded server. */
import type {
  ChangeMessageVisibilityBatchCommandInput,
  ChangeMessageVisibilityBatchCommandOutput,
  DeleteMessageBatchCommandInput,
  DeleteMessageBatchCommandOutput,
  GetQueueAttributesCommandInput,
  GetQueueAttributesCommandOutput,
  GetQueueUrlCommandInput,
  GetQueueUrlCommandOutput,
  ListMessageMoveTasksCommandInput,
  ListMessageMoveTasksCommandOutput,
  PurgeQueueCommandInput,
  PurgeQueueCommandOutput,
  ReceiveMessageCommandInput,
  ReceiveMessageCommandOutput,
  SendMessageBatchCommandInput,
  SendMessageBatchCommandOutput,
  SendMessageCommandInput,
  SendMessageCommandOutput,
  SQSClient,
  StartMessageMoveTaskCommandInput,
  StartMessageMoveTaskCommandOutput,
} from '@aws-sdk/client-sqs';
import type { QueueServerState } from './server-state.js';
import type { Sdk } from './sqs-client.js';

/** Input and output of the actions that this program uses. */
interface Actions {
  ChangeMessageVisibilityBatch: [ChangeMessageVisibilityBatchCommandInput, ChangeMessageVisibilityBatchCommandOutput];
  DeleteMessageBatch: [DeleteMessageBatchCommandInput, DeleteMessageBatchCommandOutput];
  GetQueueAttributes: [GetQueueAttributesCommandInput, GetQueueAttributesCommandOutput];
  GetQueueUrl: [GetQueueUrlCommandInput, GetQueueUrlCommandOutput];
  ListMessageMoveTasks: [ListMessageMoveTasksCommandInput, ListMessageMoveTasksCommandOutput];
  PurgeQueue: [PurgeQueueCommandInput, PurgeQueueCommandOutput];
  ReceiveMessage: [ReceiveMessageCommandInput, ReceiveMessageCommandOutput];
  SendMessage: [SendMessageCommandInput, SendMessageCommandOutput];
  SendMessageBatch: [SendMessageBatchCommandInput, SendMessageBatchCommandOutput];
  StartMessageMoveTask: [StartMessageMoveTaskCommandInput, StartMessageMoveTaskCommandOutput];
}
export type Action = keyof Actions;
export type Input<A extends Action> = Actions[A][0];
/** `$metadata` is the SDK's own. */
export type Output<A extends Action> = Omit<Actions[A][1], '$metadata'>;

export interface SqsCall {
  /** Rejects as the SDK's `client.send` does; see `sqs-errors.ts`. */
  <A extends Action>(action: A, input: Input<A>, signal?: AbortSignal): Promise<Output<A>>;
  /** See `Queue.serverState`; Amazon has none. */
  serverState?(): Promise<QueueServerState | undefined>;
  /** Closes the connections. */
  close(): void;
}

/** The part of an SDK command that is used here. */
interface Command {
  readonly input: unknown;
  resolveMiddleware(stack: unknown, config: unknown, options: { abortSignal?: AbortSignal }): Handler;
}

type Handler = (command: { input: unknown }) => Promise<{ output: unknown }>;

/**
 * Calls through the SDK at less cost: the SDK builds its chain of middleware for every call, this builds it once. The
 * client's own cache (`cacheMiddleware`) is emptied by every call with a signal, so each signal has its own cache here.
 * Concurrent calls can share a chain because all of them go to one server.
 */
export function createSdkCall(sdk: Sdk, client: SQSClient): SqsCall {
  const withoutSignal = new Map<Action, Handler>();
  const bySignal = new WeakMap<AbortSignal, Map<Action, Handler>>();
  const handlersOf = (signal: AbortSignal | undefined) => {
    if (!signal) return withoutSignal;
    const handlers = bySignal.get(signal) ?? new Map<Action, Handler>();
    bySignal.set(signal, handlers);
    return handlers;
  };
  const call = async (action: Action, input: object, signal?: AbortSignal) => {
    const handlers = handlersOf(signal);
    const SdkCommand = sdk[`${action}Command`] as unknown as new (input: object) => Command;
    const command = new SdkCommand(input);
    let handler = handlers.get(action);
    if (!handler) {
      handler = command.resolveMiddleware(client.middlewareStack, client.config, signal ? { abortSignal: signal } : {});
      handlers.set(action, handler);
    }
    return (await handler(command)).output;
  };
  return Object.assign(call, { close: () => client.destroy() }) as SqsCall;
}
