/** An error answer of the SQS API: its name in the JSON protocol, and its older name, which many clients still read. */

/** Errors that the older query protocol names differently than the JSON protocol: these with `AWS.SimpleQueueService.` in front. */
const PREFIXED_CODES = [
  'EmptyBatchRequest',
  'TooManyEntriesInBatchRequest',
  'BatchEntryIdsNotDistinct',
  'BatchRequestTooLong',
  'InvalidBatchEntryId',
  'PurgeQueueInProgress',
  'UnsupportedOperation',
];
const LEGACY_CODES: Record<string, string> = {
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  ...Object.fromEntries(PREFIXED_CODES.map((code) => [code, `AWS.SimpleQueueService.${code}`])),
};

/** Errors that the model of the API does not name; their types come from the framework below Amazon's service. */
const FRAMEWORK_TYPES: Record<string, string> = {
  InvalidParameterValue: 'com.amazon.coral.service#InvalidParameterValueException',
  MissingParameter: 'com.amazon.coral.service#MissingRequiredParameterException',
};

/** HTTP statuses of errors; 400 for all others. From 500 on it is not the sender's fault. */
const STATUSES: Record<string, number> = {
  PurgeQueueInProgress: 403,
  InternalFailure: 500,
  ServiceUnavailable: 503,
};

export class SqsError extends Error {
  /** `code`: its name in the JSON protocol, such as `QueueDoesNotExist`. */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'SqsError';
  }

  get status(): number {
    return STATUSES[this.code] ?? 400;
  }

  get fault(): 'Sender' | 'Receiver' {
    return this.status < 500 ? 'Sender' : 'Receiver';
  }

  /** `__type` of the answer. */
  get type(): string {
    return FRAMEWORK_TYPES[this.code] ?? `com.amazonaws.sqs#${this.code}`;
  }

  /** The name in the query protocol, which `x-amzn-query-error` and failed batch entries carry. */
  get legacyCode(): string {
    return LEGACY_CODES[this.code] ?? this.code;
  }
}

export const invalid = (message: string): SqsError => new SqsError('InvalidParameterValue', message);

export const invalidValue = (parameter: string, value: unknown, reason: string): SqsError =>
  invalid(`Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);

export const missing = (parameter: string): SqsError =>
  new SqsError('MissingParameter', `The request must contain the parameter ${parameter}.`);

export const unknownAttribute = (name: string): SqsError =>
  new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);

export const noSuchQueue = (): SqsError => new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
