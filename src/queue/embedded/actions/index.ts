/** Every action of the API that this server knows, by the name in `X-Amz-Target`. */
import type { Action } from './context.js';
import { deleteMessage, deleteMessageBatch } from './delete.js';
import { createQueue, getQueueUrl } from './queues.js';
import { receiveMessage } from './receive.js';
import { sendMessage, sendMessageBatch } from './send.js';

export const ACTIONS: Record<string, Action> = {
  CreateQueue: createQueue,
  DeleteMessage: deleteMessage,
  DeleteMessageBatch: deleteMessageBatch,
  GetQueueUrl: getQueueUrl,
  ReceiveMessage: receiveMessage,
  SendMessage: sendMessage,
  SendMessageBatch: sendMessageBatch,
};
