/** The thread of `reader-main.ts` that reads: it writes the lines of the answer, and waits while nobody takes them. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { openForReading } from './open-for-reading.js';
import { readReadings } from './read-readings.js';
import type { AnswerLine, ReadRequest } from './read-request.js';
import { runStatement } from './run-statement.js';

const CHUNK = 65_536;
/** What SQLite may use, such as to sort: 256 MiB. It counts for the whole process. */
const MAX_HEAP = 268_435_456;

function* answer(request: ReadRequest): Iterable<AnswerLine | undefined> {
  try {
    const database = openForReading(request.path);
    database.prepare(`pragma hard_heap_limit = ${MAX_HEAP}`).get();
    yield* 'sql' in request
      ? runStatement(database, request.sql, request.limits)
      : readReadings(database, request.readings);
  } catch (error) {
    const { code, hint } = error instanceof AppError ? error : { code: 'READ_FAILED', hint: undefined };
    yield { error: { code, message: messageOf(error), hint } };
  }
}

let waiting = '';
let first = true;
for (const line of answer(JSON.parse(workerData as string) as ReadRequest)) {
  waiting += line === undefined ? '\n' : `${JSON.stringify(line)}\n`;
  if (!first && waiting.length < CHUNK && line !== undefined) continue;
  // The first line says at once whether there will be an answer.
  first = false;
  write(waiting);
  waiting = '';
}
write(waiting);

function write(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
