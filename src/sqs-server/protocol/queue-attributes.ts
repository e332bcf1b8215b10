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
  SqsManagedSseEnabled: { valid: boolean },
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

/** Throws `InvalidAttributeName` or `InvalidAttributeValue` unless all attributes may be set. */
export function checkQueueAttributes(attributes: QueueAttributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    if (!rule) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    if (!rule.valid(value)) {
      throw new SqsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
    }
  }
}

/** The attributes, with defaults for those that are not set. An attribute that is set to '' is left out. */
export function withDefaults(attributes: QueueAttributes): QueueAttributes {
  const all: QueueAttributes = {};
  for (const [name, rule] of Object.entries(RULES)) {
    const value = attributes[name] ?? rule.default;
    if (value !== undefined && value !== '') all[name] = value;
  }
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
