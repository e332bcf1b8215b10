/** The thread of `reader-main.ts` that reads: it writes the lines of the answer, and waits while nobody takes them. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { AppError, messageOf } from '../../../lib/errors/app-error.js';
import type { AnswerLine, ReadRequest } from '../../answer.js';
import { isPostgres } from '../../location.js';
import { readReadings } from './read-readings.js';
import { runStatement } from './run-statement.js';
import { openForReading } from './statement-guard.js';

const CHUNK = 65_536;

const request = JSON.parse(workerData as string) as ReadRequest;
/**
 * An answer with a limit is read to its end before any of it is written: the transaction, which keeps SQLite from
 * shortening its log, does not last until a slow client has taken it all.
 */
const whole = 'sql' in request && request.limits !== undefined;
let read: Buffer[] = [];
let text = '';

try {
  // Loaded late: few have such a store.
  const lines = isPostgres(request.path)
    ? (await import('../../postgres/read-store.js')).readPostgres(request)
    : readFile(request);
  for await (const line of lines) {
    add(line);
    if (!whole && line === undefined) write();
  }
} catch (error) {
  if (whole) {
    read = [];
    text = '';
  }
  const { code, hint } = error instanceof AppError ? error : { code: 'READ_FAILED', hint: undefined };
  add({ error: { code, message: messageOf(error), hint } });
}
write();

function* readFile(asked: ReadRequest): Iterable<AnswerLine | undefined> {
  const database = openForReading(asked.path);
  yield* 'sql' in asked ? runStatement(database, asked.sql, asked.limits) : readReadings(database, asked.readings);
  database.close();
}

function add(line: AnswerLine | undefined): void {
  text += line === undefined ? '\n' : `${JSON.stringify(line)}\n`;
  if (text.length < CHUNK) return;
  read.push(Buffer.from(text));
  text = '';
  if (!whole) write();
}

function write(): void {
  for (const bytes of [...read, Buffer.from(text)]) {
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  }
  read = [];
  text = '';
}
