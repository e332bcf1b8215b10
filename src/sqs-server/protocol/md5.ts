/**
 * The MD5 digests that SQS returns and SDKs verify.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
import * as crypto from 'node:crypto';

/** A message attribute as the API carries it; binary values in base64. */
export interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

export type MessageAttributes = Record<string, MessageAttribute>;

// `crypto.hash` needs half the time, but Node 20.11 doesn't have it.
const { hash } = crypto as { hash?: (algorithm: string, data: string | Uint8Array) => string };
const md5 = hash
  ? (data: string | Uint8Array) => hash('md5', data)
  : (data: string | Uint8Array) => crypto.createHash('md5').update(data).digest('hex');

const STRING_TRANSPORT = Buffer.from([1]);
const BINARY_TRANSPORT = Buffer.from([2]);

export function md5OfBody(body: string): string {
  return md5(body);
}

/** Digest of the attributes sorted by name: length and bytes of the name, the type and the value of each. */
export function md5OfAttributes(attributes: MessageAttributes): string {
  const parts: Buffer[] = [];
  const addWithLength = (bytes: Buffer) => {
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const { DataType, StringValue, BinaryValue } = attributes[name]!;
    addWithLength(Buffer.from(name));
    addWithLength(Buffer.from(DataType));
    parts.push(StringValue === undefined ? BINARY_TRANSPORT : STRING_TRANSPORT);
    addWithLength(StringValue === undefined ? Buffer.from(BinaryValue ?? '', 'base64') : Buffer.from(StringValue));
  }
  return md5(Buffer.concat(parts));
}
