/**
 * The attributes of a queue: their names, their allowed values and their defaults.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 */
import { z } from 'zod';
import { jsonOf } from '../../lib/json.js';
import { isObject } from './request-input.js';
import { invalidValue, SqsError, unknownAttribute } from './sqs-error.js';
import { MAX_DELAY, MAX_MESSAGE_BYTES, MAX_VISIBILITY, MAX_WAIT } from './sqs-limits.js';

/** All queues are in this account, and in the region us-east-1. */
export const ACCOUNT_ID = '000000000000';

/** Attributes as the API carries them: every value is a string. */
export type QueueAttributes = Record<string, string>;

interface Rule {
  /** The value as Amazon writes it; undefined: it is not allowed. May throw an error that says more. */
  normal: (value: string) => string | undefined;
  /** The value of a queue that never set it; undefined: GetQueueAttributes leaves it out. */
  default?: string;
}

const when = (isValid: (value: string) => boolean) => (value: string) => (isValid(value) ? value : undefined);
const integer = (min: number, max: number) =>
  when((value) => /^\d{1,8}$/.test(value) && Number(value) >= min && Number(value) <= max);
/** '' unsets an attribute. */
const orEmpty = (isValid: (value: string) => boolean) => when((value) => value === '' || isValid(value));

const RULES: Record<string, Rule> = {
  VisibilityTimeout: { normal: integer(0, MAX_VISIBILITY), default: '30' },
  MessageRetentionPeriod: { normal: integer(60, 1_209_600), default: '345600' },
  MaximumMessageSize: { normal: integer(1024, MAX_MESSAGE_BYTES), default: String(MAX_MESSAGE_BYTES) },
  DelaySeconds: { normal: integer(0, MAX_DELAY), default: '0' },
  ReceiveMessageWaitTimeSeconds: { normal: integer(0, MAX_WAIT), default: '0' },
  Policy: { normal: orEmpty((value) => parseObject(value) !== undefined) },
  RedrivePolicy: { normal: normalRedrivePolicy },
  RedriveAllowPolicy: { normal: orEmpty((value) => parseRedriveAllowPolicy(value) !== undefined) },
  KmsMasterKeyId: { normal: (value) => value },
  KmsDataKeyReusePeriodSeconds: { normal: integer(60, 86_400) },
  SqsManagedSseEnabled: { normal: (value) => /^(true|false)$/i.exec(value)?.[0].toLowerCase(), default: 'true' },
};

/** What GetQueueAttributes accepts besides the settable ones: computed attributes, and those of FIFO queues, which have no value. */
const READ_ONLY_ATTRIBUTES = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'QueueArn',
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
];

export const isAttributeName = (name: string): boolean =>
  name === 'All' || Object.hasOwn(RULES, name) || READ_ONLY_ATTRIBUTES.includes(name);

/** Names of FIFO queues, which this server does not offer, end with `.fifo`. */
export const isFifoName = (name: string): boolean => name.endsWith('.fifo');

/**
 * Throws `InvalidAttributeName`, `InvalidAttributeValue` or `InvalidParameterValue` unless all attributes may be set. Returns
 * them in their normal form, with those that they bring along.
 */
export function checkQueueAttributes(attributes: QueueAttributes): QueueAttributes {
  const checked: QueueAttributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (!Object.hasOwn(RULES, name)) throw unknownAttribute(name);
    const normal = RULES[name]!.normal(value);
    if (normal === undefined) {
      throw new SqsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
    }
    checked[name] = normal;
  }
  return withOneEncryption(checked);
}

/** A queue has one kind of encryption: choosing one ends the other. */
function withOneEncryption(attributes: QueueAttributes): QueueAttributes {
  const kms = (attributes.KmsMasterKeyId ?? '') !== '';
  const managed = attributes.SqsManagedSseEnabled === 'true';
  if (kms && managed) {
    throw new SqsError(
      'InvalidAttributeName',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  if (kms) return { ...attributes, SqsManagedSseEnabled: 'false' };
  return managed ? { ...attributes, KmsMasterKeyId: '', KmsDataKeyReusePeriodSeconds: '' } : attributes;
}

/** Throws `InvalidParameterValue`. The count may come as a text, and is given out as a number. */
function normalRedrivePolicy(value: string): string {
  if (value === '') return value;
  const fail = (reason: string) => invalidValue('RedrivePolicy', value, reason);
  const policy = parseObject(value);
  if (!policy) throw fail('Redrive policy is not a valid JSON map.');
  const absent = ['deadLetterTargetArn', 'maxReceiveCount'].find((name) => policy[name] === undefined);
  if (absent !== undefined) throw fail(`Redrive policy does not contain mandatory attribute: ${absent}.`);
  const { maxReceiveCount } = policy;
  if (!parseRedrivePolicy(value)) {
    throw fail(
      `Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  return typeof maxReceiveCount === 'string'
    ? JSON.stringify({ ...policy, maxReceiveCount: Number(maxReceiveCount) })
    : value;
}

/**
 * The attributes, with defaults for those that are not set, in the normal form that earlier versions did not store. An
 * attribute that is set to '' is left out.
 */
export function withDefaults(attributes: QueueAttributes): QueueAttributes {
  const all: QueueAttributes = {};
  for (const [name, rule] of Object.entries(RULES)) {
    const value = attributes[name] ?? rule.default;
    if (value !== undefined && value !== '') all[name] = rule.normal(value) ?? value;
  }
  if (all.KmsMasterKeyId === undefined) delete all.KmsDataKeyReusePeriodSeconds;
  else all.SqsManagedSseEnabled = 'false';
  return all;
}

const redrivePolicy = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1000),
});

export const parseRedrivePolicy = (value = '') => redrivePolicy.safeParse(parseObject(value)).data;

const redriveAllowPolicy = z.union([
  z.object({ redrivePermission: z.enum(['allowAll', 'denyAll']), sourceQueueArns: z.undefined().optional() }),
  z.object({
    redrivePermission: z.literal('byQueue'),
    sourceQueueArns: z.array(z.coerce.string()).min(1).max(10),
  }),
]);

export const parseRedriveAllowPolicy = (value = '') => redriveAllowPolicy.safeParse(parseObject(value)).data;

function parseObject(value: string): Record<string, unknown> | undefined {
  const parsed = jsonOf(value);
  return isObject(parsed) ? parsed : undefined;
}
