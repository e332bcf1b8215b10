/** ListDeadLetterSourceQueues, StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask. */
import type { LiveQueue } from '../live-queue.js';
import { type MoveTask, sourceOfHandle } from '../move-task.js';
import { type Input, optionalInteger, optionalString, requiredString } from '../protocol/request-input.js';
import { invalid, invalidValue, noSuchArn, SqsError } from '../protocol/sqs-error.js';
import { type Action, type Context, type Output, page, queueOf } from './action-context.js';

export const deadLetterActions: Record<string, Action> = {
  ListDeadLetterSourceQueues(context, input) {
    const { urls, ...token } = page(context, input, context.service.sourcesOf(queueOf(context, input)));
    // The API spells this member with a lower-case first letter.
    return { queueUrls: urls, ...token };
  },

  StartMessageMoveTask(context, input) {
    const { service, now, wall } = context;
    const source = queueByArn(context, input, 'SourceArn');
    const isGiven = optionalString(input, 'DestinationArn') !== undefined;
    const destination = isGiven ? queueByArn(context, input, 'DestinationArn') : undefined;
    const perSecond = optionalInteger(input, 'MaxNumberOfMessagesPerSecond', 1, 500);
    if (service.sourcesOf(source).length === 0) {
      throw invalid('Source queue must be configured as a Dead Letter Queue.');
    }
    if (destination === source) throw invalidValue('DestinationArn', source.arn, 'It is the source.');
    if (service.tasksOf(source).some((task) => task.status === 'RUNNING')) {
      throw invalid(
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
      );
    }
    const toMove = source.messages.countsAt(now).visible;
    const order = { source: source.arn, destination: destination?.arn, perSecond, toMove };
    return { TaskHandle: service.startTask(order, wall).handle };
  },

  ListMessageMoveTasks(context, input) {
    const source = queueByArn(context, input, 'SourceArn');
    const max = optionalInteger(input, 'MaxResults', 1, 10) ?? 1;
    return { Results: context.service.tasksOf(source).slice(0, max).map(describe) };
  },

  CancelMessageMoveTask({ service }, input) {
    const handle = requiredString(input, 'TaskHandle');
    const sourceArn = sourceOfHandle(handle);
    if (sourceArn === undefined) throw invalid('Value for parameter TaskHandle is invalid.');
    if (!service.findByArn(sourceArn)) throw noSuchArn('SourceArn');
    const task = service.moveTasks.find((one) => one.handle === handle);
    if (!task) throw new SqsError('ResourceNotFoundException', 'Task does not exist.');
    if (task.status !== 'RUNNING') {
      throw new SqsError('UnsupportedOperation', `Only active tasks can be cancelled. This one is ${task.status}.`);
    }
    task.end('CANCELLED');
    return { ApproximateNumberOfMessagesMoved: task.moved };
  },
};

function queueByArn({ service }: Context, input: Input, member: string): LiveQueue {
  const arn = requiredString(input, member);
  if (!arn.startsWith('arn:')) {
    const format = 'arn:<partition>:<service>:<region>:<account-id>:<resource-id>';
    throw invalid(`You must use this format to specify the ${member}: ${format}`);
  }
  const queue = service.findByArn(arn);
  if (!queue) throw noSuchArn(member);
  return queue;
}

const describe = ({ handle, status, order, moved, failure, started }: MoveTask): Output => ({
  TaskHandle: status === 'RUNNING' ? handle : undefined,
  Status: status,
  SourceArn: order.source,
  DestinationArn: order.destination,
  MaxNumberOfMessagesPerSecond: order.perSecond,
  ApproximateNumberOfMessagesMoved: moved,
  ApproximateNumberOfMessagesToMove: order.toMove,
  FailureReason: failure,
  StartedTimestamp: started,
});
