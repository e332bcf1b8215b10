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
  MessageNotInflight: `${LEGACY_PREFIX}MessageNotInflight`,
  UnsupportedOperation: `${LEGACY_PREFIX}UnsupportedOperation`,
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

export function noSuchQueue(): SqsError {
  return new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
}
