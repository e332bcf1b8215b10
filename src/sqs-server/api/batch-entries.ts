/** What all batch actions share: they check their entries, and answer each of them. */
import { type Input, isObject, optionalList, requiredString } from '../protocol/request-input.js';
import { SqsError } from '../protocol/sqs-error-answer.js';
import { MAX_BATCH_ENTRIES } from '../protocol/sqs-limits.js';
import type { Output } from './action-context.js';

interface BatchEntry {
  id: string;
  input: Input;
}

const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

/** The entries of a batch request of `action`. Throws an error for the whole batch. */
export function batchEntries(
  input: Input,
  action: 'SendMessage' | 'DeleteMessage' | 'ChangeMessageVisibility',
): BatchEntry[] {
  const list = optionalList(input, 'Entries') ?? [];
  if (list.length === 0) {
    const message = `There should be at least one ${action}BatchRequestEntry in the request.`;
    throw new SqsError('EmptyBatchRequest', message);
  }
  if (list.length > MAX_BATCH_ENTRIES) {
    throw new SqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAX_BATCH_ENTRIES}. You have sent ${list.length}.`,
    );
  }
  const entries = list.map((entry) => {
    if (!isObject(entry)) throw new SqsError('SerializationException', 'Every entry must be a structure.');
    return { id: requiredString(entry, 'Id'), input: entry };
  });
  const ids = new Set<string>();
  for (const { id } of entries) {
    if (!ENTRY_ID.test(id)) {
      throw new SqsError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      );
    }
    if (ids.has(id)) throw new SqsError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
    ids.add(id);
  }
  return entries;
}

/** Runs `one` for every entry; an entry that fails with an {@link SqsError} doesn't stop the others. Empty lists are left out. */
export function eachEntry(entries: BatchEntry[], one: (entry: BatchEntry) => Output): Output {
  const Successful: Output[] = [];
  const Failed: Output[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.id, ...one(entry) });
    } catch (error) {
      if (!(error instanceof SqsError)) throw error;
      Failed.push({
        Id: entry.id,
        Code: error.legacyCode,
        Message: error.message,
        SenderFault: error.fault === 'Sender',
      });
    }
  }
  return { ...(Successful.length > 0 ? { Successful } : {}), ...(Failed.length > 0 ? { Failed } : {}) };
}
