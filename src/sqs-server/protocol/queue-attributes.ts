/**
 * The attributes of a queue: their names, their allowed values and their defaults.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 */
import { isObject } from './request-input.js';
import { SqsError } from './sqs-error-answer.js';
import { MAX_DELAY, MAX_MESSAGE_BYTES, MAX_VISIBILITY, MAX_WAIT } from './sqs-limits.js';

/** Attributes as the API carries them: every value is a string. */
export type QueueAttributes = Record<string, string>;

interface Rule {
  valid: (value: string) => boolean;
  /** The value of a queue that never set it; undefined: GetQueueAttributes leaves it out. */
  default?: string;
}

const integer = (min: number, max: number) => (value: string) =>
  /^\d{1,8}$/.test(value) && Number(value) >= min && Number(value) <= max;
const oneOf =
  (...values: string[]) =>
  (value: string) =>
    values.includes(value);
const boolean = oneOf('true', 'false');
const jsonObject = (value: string) => value === '' || parseObject(value) !== undefined;

/** How Amazon writes values that it accepts in several spellings. */
const NORMAL_FORMS: Record<string, (value: string) => string> = {
  SqsManagedSseEnabled: (value) => value.toLowerCase(),
  // The count may come as a text, and is given out as a number.
  RedrivePolicy: (value) => {
    const policy = parseObject(value);
    if (typeof policy?.maxReceiveCount !== 'string') return value;
    return JSON.stringify({ ...policy, maxReceiveCount: Number(policy.maxReceiveCount) });
  },
};

const RULES: Record<string, Rule> = {
  VisibilityTimeout: { valid: integer(0, MAX_VISIBILITY), default: '30' },
  MessageRetentionPeriod: { valid: integer(60, 1_209_600), default: '345600' },
  MaximumMessageSize: { valid: integer(1024, MAX_MESSAGE_BYTES), default: String(MAX_MESSAGE_BYTES) },
  DelaySeconds: { valid: integer(0, MAX_DELAY), default: '0' },
  ReceiveMessageWaitTimeSeconds: { valid: integer(0, MAX_WAIT), default: '0' },
  Policy: { valid: jsonObject },
  RedrivePolicy: { valid: (value) => value === '' || parseRedrivePolicy(value) !== undefined },
  RedriveAllowPolicy: { valid: (value) => value === '' || parseRedriveAllowPolicy(value) !== undefined },
  KmsMasterKeyId: { valid: () => true },
  KmsDataKeyReusePeriodSeconds: { valid: integer(60, 86_400) },
  SqsManagedSseEnabled: { valid: (value) => boolean(value.toLowerCase()), default: 'true' },
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

export function isAttributeName(name: string): boolean {
  return name === 'All' || Object.hasOwn(RULES, name) || READ_ONLY_ATTRIBUTES.includes(name);
}

/** Names of FIFO queues, which this server does not offer, end with `.fifo`. */
export function isFifoName(name: string): boolean {
  return name.endsWith('.fifo');
}

/**
 * Throws `InvalidAttributeName`, `InvalidAttributeValue` or `InvalidParameterValue` unless all attributes may be set. Returns
 * them in their normal form, with those that they bring along.
 */
export function checkQueueAttributes(attributes: QueueAttributes): QueueAttributes {
  const checked: QueueAttributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    if (!rule) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    if (name === 'RedrivePolicy') checkRedrivePolicy(value);
    if (!rule.valid(value)) {
      throw new SqsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
    }
    checked[name] = NORMAL_FORMS[name]?.(value) ?? value;
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

function checkRedrivePolicy(value: string): void {
  if (value === '') return;
  const fail = (message: string) => new SqsError('InvalidParameterValue', message);
  const policy = parseObject(value);
  const invalid = `Value ${value} for parameter RedrivePolicy is invalid. Reason: `;
  if (!policy) throw fail(`${invalid}Redrive policy is not a valid JSON map.`);
  for (const name of ['deadLetterTargetArn', 'maxReceiveCount']) {
    if (policy[name] === undefined)
      throw fail(`${invalid}Redrive policy does not contain mandatory attribute: ${name}.`);
  }
  if (parseRedrivePolicy(value)) return;
  throw fail(
    `${invalid}Invalid value for maxReceiveCount: ${String(policy.maxReceiveCount)}, valid values are from 1 to 1000 both inclusive.`,
  );
}

/**
 * The attributes, with defaults for those that are not set, in the normal form that earlier versions did not store. An
 * attribute that is set to '' is left out.
 */
export function withDefaults(attributes: QueueAttributes): QueueAttributes {
  const all: QueueAttributes = {};
  for (const [name, rule] of Object.entries(RULES)) {
    const value = attributes[name] ?? rule.default;
    if (value !== undefined && value !== '') all[name] = NORMAL_FORMS[name]?.(value) ?? value;
  }
  if (all.KmsMasterKeyId === undefined) delete all.KmsDataKeyReusePeriodSeconds;
  else all.SqsManagedSseEnabled = 'false';
  return all;
}

export interface RedrivePolicy {
  deadLetterTargetArn: string;
  maxReceiveCount: number;
}

export function parseRedrivePolicy(value: string | undefined): RedrivePolicy | undefined {
  const policy = parseObject(value ?? '');
  const maxReceiveCount = Number(policy?.maxReceiveCount);
  if (typeof policy?.deadLetterTargetArn !== 'string' || !Number.isInteger(maxReceiveCount)) return undefined;
  if (maxReceiveCount < 1 || maxReceiveCount > 1000) return undefined;
  return { deadLetterTargetArn: policy.deadLetterTargetArn, maxReceiveCount };
}

export interface RedriveAllowPolicy {
  redrivePermission: 'allowAll' | 'denyAll' | 'byQueue';
  sourceQueueArns?: string[];
}

export function parseRedriveAllowPolicy(value: string | undefined): RedriveAllowPolicy | undefined {
  const policy = parseObject(value ?? '');
  const permission = policy?.redrivePermission;
  const arns = policy?.sourceQueueArns;
  if (permission === 'allowAll' || permission === 'denyAll') {
    return arns === undefined ? { redrivePermission: permission } : undefined;
  }
  if (permission !== 'byQueue' || !Array.isArray(arns) || arns.length < 1 || arns.length > 10) return undefined;
  return { redrivePermission: permission, sourceQueueArns: arns.map(String) };
}

function parseObject(value: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
