import { expect, test } from 'vitest';
import * as limits from './sqs-limits.js';

test('the limits are those that Amazon documents', () => {
  expect(limits).toMatchObject({
    ...{ MAX_MESSAGE_BYTES: 1_048_576, MAX_BATCH_ENTRIES: 10, MAX_MESSAGE_ATTRIBUTES: 10, MAX_IN_FLIGHT: 120_000 },
    ...{ MAX_DELAY: 900, MAX_VISIBILITY: 43_200, MAX_WAIT: 20, PURGE_INTERVAL_MS: 60_000 },
  });
});
