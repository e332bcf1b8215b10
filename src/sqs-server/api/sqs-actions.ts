/** The actions that this server supports, by their name in `X-Amz-Target`. */
import type { Action } from './action-context.js';
import { changeMessageVisibility, changeMessageVisibilityBatch } from './change-visibility.js';
import {
  cancelMessageMoveTask,
  listDeadLetterSourceQueues,
  listMessageMoveTasks,
  startMessageMoveTask,
} from './dead-letters.js';
import { deleteMessage, deleteMessageBatch } from './delete-message.js';
import { getQueueAttributes, setQueueAttributes } from './get-set-attributes.js';
import { createQueue, deleteQueue, getQueueUrl, listQueues, purgeQueue } from './manage-queues.js';
import { receiveMessage } from './receive-message.js';
import { sendMessage, sendMessageBatch } from './send-message.js';
import { listQueueTags, tagQueue, untagQueue } from './tag-queue.js';

export const ACTIONS: Record<string, Action> = {
  CancelMessageMoveTask: cancelMessageMoveTask,
  ChangeMessageVisibility: changeMessageVisibility,
  ChangeMessageVisibilityBatch: changeMessageVisibilityBatch,
  CreateQueue: createQueue,
  DeleteMessage: deleteMessage,
  DeleteMessageBatch: deleteMessageBatch,
  DeleteQueue: deleteQueue,
  GetQueueAttributes: getQueueAttributes,
  GetQueueUrl: getQueueUrl,
  ListDeadLetterSourceQueues: listDeadLetterSourceQueues,
  ListMessageMoveTasks: listMessageMoveTasks,
  ListQueueTags: listQueueTags,
  ListQueues: listQueues,
  PurgeQueue: purgeQueue,
  ReceiveMessage: receiveMessage,
  SendMessage: sendMessage,
  SendMessageBatch: sendMessageBatch,
  SetQueueAttributes: setQueueAttributes,
  StartMessageMoveTask: startMessageMoveTask,
  TagQueue: tagQueue,
  UntagQueue: untagQueue,
};
