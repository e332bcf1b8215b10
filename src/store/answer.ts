/** An answer of the store's reader, as its readers see it: columns, rows one by one, and how it ended. */
import { AppError } from '../lib/errors/app-error.js';
import { knownCode } from '../lib/errors/codes.js';
import type { AnswerEnd, AnswerLine, Cell } from './read-request.js';

export interface Answer {
  columns: string[];
  /** Can be read once. Rejects with the error of the reader, or with `READ_FAILED` when the answer ends early. */
  rows: AsyncIterable<Cell[]>;
  /** After the last row. */
  end(): AnswerEnd;
}

/** Rejects with the error of the reader. */
export async function readAnswer(bytes: AsyncIterable<Uint8Array>): Promise<Answer> {
  const lines = linesOf(bytes);
  const { value: first } = await lines.next();
  if (first === undefined || !('columns' in first)) throw endedEarly();
  let end: AnswerEnd | undefined;
  async function* rows(): AsyncGenerator<Cell[]> {
    for await (const line of lines) {
      if (Array.isArray(line)) yield line;
      else if ('end' in line) ({ end } = line);
    }
    if (!end) throw endedEarly();
  }
  return { columns: first.columns, rows: rows(), end: () => end! };
}

/** Throws the error of a line. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Exclude<AnswerLine, { error: unknown }>> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const text of lines) {
      if (text === '') continue;
      const line = parse(text);
      if (line === undefined) continue;
      if ('error' in line) {
        const { code, message, hint } = line.error;
        throw new AppError(knownCode(code, 'READ_FAILED'), message, { hint });
      }
      yield line;
    }
  }
}

/** Undefined: an answer that was cut off has an error after a broken line. */
function parse(text: string): AnswerLine | undefined {
  try {
    return JSON.parse(text) as AnswerLine;
  } catch {
    return undefined;
  }
}

const endedEarly = () => new AppError('READ_FAILED', 'the answer ended early: its rest is missing');
