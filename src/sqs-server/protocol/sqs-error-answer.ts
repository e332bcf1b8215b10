/** An error answer of the SQS API: its name in the JSON protocol, and its older name, which many clients still read. */

const LEGACY_PREFIX = 'AWS.SimpleQueueService.';

/** Errors that the JSON protocol and the older query protocol name differently. */
const LEGACY_CODES: Record<string, string> = {
  QueueDoesNotExist: `${LEGACY_PREFIX}NonExistentQueue`,
  QueueNameExists: 'QueueAlreadyExists',
  EmptyBatchRequest: `${LEGACY_PREFIX}EmptyBatchRequest`,
  TooManyEntriesInBatchRequest: `${LEGACY_PREFIX}TooManyEntriesInBatchRequest`,
  BatchEntryIdsNotDistinct: `${LEGACY_PREFIX}BatchEntryIdsNotDistinct`,
  BatchRequestTooLong: `${LEGACY_PREFIX}BatchRequestTooLong`,
  InvalidBatchEntryId: `${LEGACY_PREFIX}InvalidBatchEntryId`,
  PurgeQueueInProgress: `${LEGACY_PREFIX}PurgeQueueInProgress`,
  UnsupportedOperation: `${LEGACY_PREFIX}UnsupportedOperation`,
};

/** Errors that the model of the API does not name; their types come from the framework below Amazon's service. */
const FRAMEWORK_TYPES: Record<string, string> = {
  InvalidParameterValue: 'com.amazon.coral.service#InvalidParameterValueException',
  MissingParameter: 'com.amazon.coral.service#MissingRequiredParameterException',
};

type ErrorFault = 'Sender' | 'Receiver';

export class SqsError extends Error {
  constructor(
    /** Name in the JSON protocol, such as `QueueDoesNotExist`. */
    readonly code: string,
    message: string,
    readonly fault: ErrorFault = 'Sender',
    /** HTTP status. */
    readonly status: number = fault === 'Sender' ? 400 : 500,
  ) {
    super(message);
    this.name = 'SqsError';
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

export function invalidValue(parameter: string, value: unknown, reason: string): SqsError {
  return new SqsError(
    'InvalidParameterValue',
    `Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}

export function missing(parameter: string): SqsError {
  return new SqsError('MissingParameter', `The request must contain the parameter ${parameter}.`);
}

/** `parameter`: the one that holds the ARN. */
export function noSuchArn(parameter: string): SqsError {
  const message = `The resource that you specified for the ${parameter} parameter doesn't exist.`;
  return new SqsError('ResourceNotFoundException', message, 'Sender', 404);
}

export function noSuchQueue(): SqsError {
  return new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
}
