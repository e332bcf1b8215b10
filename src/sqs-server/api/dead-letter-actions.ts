/** ListDeadLetterSourceQueues, StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask. */
import type { LiveQueue } from '../live-queue.js';
import { type MoveTask, sourceOfHandle } from '../move-task.js';
import { type Input, optionalInteger, optionalString, requiredString } from '../protocol/request-input.js';
import { invalidValue, noSuchArn, SqsError } from '../protocol/sqs-error-answer.js';
import { type Action, type Context, type Output, page, queueOf, queueUrl } from './action-context.js';

export const deadLetterActions: Record<string, Action> = {
  ListDeadLetterSourceQueues(context, input) {
    const queue = queueOf(context, input);
    const names = context.service.sourcesOf(queue).map((source) => source.record.name);
    const { items, ...token } = page(input, names.sort());
    // The API spells this member with a lower-case first letter.
    return { queueUrls: items.map((name) => queueUrl(context, name)), ...token };
  },

  StartMessageMoveTask(context, input) {
    const { service } = context;
    const source = queueByArn(context, input, 'SourceArn');
    const destination =
      optionalString(input, 'DestinationArn') === undefined ? undefined : queueByArn(context, input, 'DestinationArn');
    const perSecond = optionalInteger(input, 'MaxNumberOfMessagesPerSecond', 1, 500);
    if (service.sourcesOf(source).length === 0) {
      throw new SqsError('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
    }
    if (destination === source) throw invalidValue('DestinationArn', source.arn, 'It is the source.');
    if (service.moveTasks.of(source.arn).some((task) => task.status === 'RUNNING')) {
      throw new SqsError(
        'InvalidParameterValue',
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
      );
    }
    const toMove = source.messages.countsAt(context.now).visible;
    const order = { source: source.arn, destination: destination?.arn, perSecond, toMove };
    return { TaskHandle: service.moveTasks.start(order, context.wall).handle };
  },

  ListMessageMoveTasks(context, input) {
    const source = queueByArn(context, input, 'SourceArn');
    const max = optionalInteger(input, 'MaxResults', 1, 10) ?? 1;
    return { Results: context.service.moveTasks.of(source.arn).slice(0, max).map(describe) };
  },

  CancelMessageMoveTask(context, input) {
    const handle = requiredString(input, 'TaskHandle');
    const sourceArn = sourceOfHandle(handle);
    if (sourceArn === undefined)
      throw new SqsError('InvalidParameterValue', 'Value for parameter TaskHandle is invalid.');
    if (!context.service.findByArn(sourceArn)) throw noSuchArn('SourceArn');
    const task = context.service.moveTasks.find(handle);
    if (!task) throw new SqsError('ResourceNotFoundException', 'Task does not exist.', 'Sender', 404);
    if (task.status !== 'RUNNING') {
      throw new SqsError('UnsupportedOperation', `Only active tasks can be cancelled. This one is ${task.status}.`);
    }
    task.end('CANCELLED');
    return { ApproximateNumberOfMessagesMoved: task.moved };
  },
};

function queueByArn(context: Context, input: Input, member: string): LiveQueue {
  const arn = requiredString(input, member);
  if (!arn.startsWith('arn:')) {
    throw new SqsError(
      'InvalidParameterValue',
      `You must use this format to specify the ${member}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>`,
    );
  }
  const queue = context.service.findByArn(arn);
  if (!queue) throw noSuchArn(member);
  return queue;
}

function describe(task: MoveTask): Output {
  return {
    ...(task.status === 'RUNNING' ? { TaskHandle: task.handle } : {}),
    Status: task.status,
    SourceArn: task.order.source,
    ...(task.order.destination === undefined ? {} : { DestinationArn: task.order.destination }),
    ...(task.order.perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.order.perSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.order.toMove,
    ...(task.failure === undefined ? {} : { FailureReason: task.failure }),
    StartedTimestamp: task.started,
  };
}
