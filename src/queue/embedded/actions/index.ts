/** Every action of the API that this server knows, by the name in `X-Amz-Target`. */
import type { Action } from './context.js';
import {
  cancelMessageMoveTask,
  listDeadLetterSourceQueues,
  listMessageMoveTasks,
  startMessageMoveTask,
} from './dead-letters.js';
import { deleteMessage, deleteMessageBatch } from './delete.js';
import { getQueueAttributes, setQueueAttributes } from './queue-attributes.js';
import { createQueue, deleteQueue, getQueueUrl, listQueues, purgeQueue } from './queues.js';
import { receiveMessage } from './receive.js';
import { sendMessage, sendMessageBatch } from './send.js';
import { listQueueTags, tagQueue, untagQueue } from './tags.js';
import { changeMessageVisibility, changeMessageVisibilityBatch } from './visibility.js';

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
