/**
 * The MD5 digests that SQS returns and SDKs verify.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
import { createHash, type Hash } from 'node:crypto';

/** A message attribute as the API carries it; binary values in base64. */
export interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

export type MessageAttributes = Record<string, MessageAttribute>;

const STRING_TRANSPORT = Buffer.from([1]);
const BINARY_TRANSPORT = Buffer.from([2]);

export function md5OfBody(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

/** Digest of the attributes sorted by name: length and bytes of the name, the type and the value of each. */
export function md5OfAttributes(attributes: MessageAttributes): string {
  const hash = createHash('md5');
  for (const name of Object.keys(attributes).sort()) {
    const { DataType, StringValue, BinaryValue } = attributes[name]!;
    addWithLength(hash, Buffer.from(name));
    addWithLength(hash, Buffer.from(DataType));
    if (StringValue !== undefined) {
      hash.update(STRING_TRANSPORT);
      addWithLength(hash, Buffer.from(StringValue));
    } else {
      hash.update(BINARY_TRANSPORT);
      addWithLength(hash, Buffer.from(BinaryValue ?? '', 'base64'));
    }
  }
  return hash.digest('hex');
}

function addWithLength(hash: Hash, bytes: Buffer): void {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  hash.update(length).update(bytes);
}
