/** The log file of a service that runs, or ran, as a child of `up`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LogTail } from '../../lib/log/log-tail.js';
import { type LogLine, type LogSource, lineOf } from './log-source.js';

/** Names of the services that have a file in this folder. */
export function servicesWithFile(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).map((file) => /^([\w.-]+)\.log(?:\.1)?$/.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

export class FileSource implements LogSource {
  readonly #service: string;
  readonly #tail: LogTail;
  /** Of the line before. */
  #level: LogLine['level'] = 'info';

  constructor(folder: string, service: string) {
    this.#service = service;
    this.#tail = new LogTail(join(folder, `${service}.log`));
  }

  /** A line without a time has that of the line before it, or of the first line after it that has one. */
  async *written(): AsyncGenerator<LogLine> {
    let time = Number.NaN;
    let lastWritten = 0;
    let withoutTime: string[] = [];
    for await (const { line, modified } of this.#tail.read({ all: true })) {
      lastWritten = modified;
      const entry = this.#entry(line, time);
      if (Number.isNaN(entry.time)) {
        withoutTime.push(line);
        continue;
      }
      time = entry.time;
      for (const earlier of withoutTime) yield this.#entry(earlier, time);
      withoutTime = [];
      this.#level = entry.level;
      yield entry;
    }
    for (const line of withoutTime) yield this.#entry(line, lastWritten);
  }

  async *added(): AsyncGenerator<LogLine> {
    for await (const { line, modified } of this.#tail.read()) yield this.#entry(line, modified);
  }

  close(): Promise<void> {
    return this.#tail.close();
  }

  #entry(line: string, time: number): LogLine {
    const entry = lineOf(this.#service, line, time);
    // Such as the stack of an error.
    const level = entry.text === line && /^\s/.test(line) ? this.#level : entry.level;
    this.#level = level;
    return { ...entry, level };
  }
}
