/** Receipt handles: which delivery of which message, readable after a restart too. */
import { SqsError } from './protocol/sqs-error.js';

export interface Receipt {
  queueId: number;
  seq: number;
  /** The delivery: how often the message had been delivered then. */
  receives: number;
}

export function receiptHandle({ queueId, seq, receives }: Receipt, messageId: string): string {
  return `${queueId}.${seq}.${receives}.${messageId}`;
}

const FORM = /^(\d{1,9})\.(\d{1,16})\.(\d{1,9})\.[0-9a-f-]{36}$/;

/** Throws `ReceiptHandleIsInvalid` unless the handle was given out by this queue. */
export function parseReceiptHandle(handle: string, queueId: number): Receipt {
  const match = FORM.exec(handle);
  if (Number(match?.[1]) !== queueId) {
    const shown = handle.slice(0, 100);
    throw new SqsError('ReceiptHandleIsInvalid', `The input receipt handle "${shown}" is not a valid receipt handle.`);
  }
  return { queueId, seq: Number(match![2]), receives: Number(match![3]) };
}
