/** Receipt handles name one delivery of one message. They stay valid after a restart. */
import { SqsError } from './sqs-error-answer.js';

interface Receipt {
  queueId: number;
  seq: number;
  /** Deliveries of the message, this one included. */
  receives: number;
}

export function receiptHandle({ queueId, seq, receives }: Receipt, messageId: string): string {
  return `${queueId}.${seq}.${receives}.${messageId}`;
}

const PATTERN = /^(\d{1,9})\.(\d{1,16})\.(\d{1,9})\.[0-9a-f-]{36}$/;

/** Throws `ReceiptHandleIsInvalid` unless the handle is one of this queue. */
export function parseReceiptHandle(handle: string, queueId: number): Receipt {
  const match = PATTERN.exec(handle);
  if (Number(match?.[1]) !== queueId) {
    const shown = handle.slice(0, 100);
    throw new SqsError('ReceiptHandleIsInvalid', `The input receipt handle "${shown}" is not a valid receipt handle.`);
  }
  return { queueId, seq: Number(match![2]), receives: Number(match![3]) };
}
