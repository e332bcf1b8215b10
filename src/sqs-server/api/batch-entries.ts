/** What all batch actions share: they check their entries, and answer each of them. */
import { type Input, isObject, optionalList, requiredString } from '../protocol/request-input.js';
import { SqsError } from '../protocol/sqs-error.js';
import { MAX_BATCH_ENTRIES } from '../protocol/sqs-limits.js';
import type { Output } from './action-context.js';

type SingleAction = 'SendMessage' | 'DeleteMessage' | 'ChangeMessageVisibility';

const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

/** The entries of a batch request, by their id. Throws an error for the whole batch. */
function batchEntries(input: Input, action: SingleAction): Map<string, Input> {
  const list = optionalList(input, 'Entries') ?? [];
  if (list.length === 0) {
    const message = `There should be at least one ${action}BatchRequestEntry in the request.`;
    throw new SqsError('EmptyBatchRequest', message);
  }
  if (list.length > MAX_BATCH_ENTRIES) {
    const message = `Maximum number of entries per request are ${MAX_BATCH_ENTRIES}. You have sent ${list.length}.`;
    throw new SqsError('TooManyEntriesInBatchRequest', message);
  }
  const byId = new Map<string, Input>();
  for (const entry of list) {
    if (!isObject(entry)) throw new SqsError('SerializationException', 'Every entry must be a structure.');
    const id = requiredString(entry, 'Id');
    if (!ENTRY_ID.test(id)) {
      throw new SqsError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      );
    }
    if (byId.has(id)) throw new SqsError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
    byId.set(id, entry);
  }
  return byId;
}

/** Runs `one` for every entry; an entry that fails with an {@link SqsError} doesn't stop the others. Empty lists are left out. */
export function eachEntry(input: Input, action: SingleAction, one: (entry: Input) => Output): Output {
  const Successful: Output[] = [];
  const Failed: Output[] = [];
  for (const [Id, entry] of batchEntries(input, action)) {
    try {
      Successful.push({ Id, ...one(entry) });
    } catch (error) {
      if (!(error instanceof SqsError)) throw error;
      Failed.push({ Id, Code: error.legacyCode, Message: error.message, SenderFault: error.fault === 'Sender' });
    }
  }
  return { ...(Successful.length > 0 ? { Successful } : {}), ...(Failed.length > 0 ? { Failed } : {}) };
}
