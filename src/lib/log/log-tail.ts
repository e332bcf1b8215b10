/** The lines of a log file that grows, from its first one on, also when the file is replaced (`log-file.ts`). */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { LineSplitter } from './line-splitter.js';

const CHUNK_BYTES = 65_536;

interface TailLine {
  line: string;
  /** When the file was last written, Unix milliseconds. */
  modified: number;
}

export class LogTail {
  readonly #splitter = new LineSplitter();
  #file: FileHandle | undefined;
  #inode = 0;
  #offset = 0;
  #begun = false;

  constructor(private readonly path: string) {}

  /**
   * The lines that were completed since the last call, without blank ones; the first call begins with the older file. A
   * file that does not exist has no lines yet. `all`: also a last line that nothing has ended.
   */
  async *read({ all = false } = {}): AsyncGenerator<TailLine> {
    if (!this.#begun) await this.#open(`${this.path}.1`);
    this.#begun = true;
    if (this.#file) yield* this.#newLines(all);
    const now = await stat(this.path).catch(() => undefined);
    if (!now) return;
    const isSame = this.#file !== undefined && now.ino === this.#inode;
    if (isSame && now.size >= this.#offset) return;
    // It has been replaced, or emptied.
    if (this.#file) yield* this.#lastLine();
    if (isSame) this.#offset = 0;
    else if (!(await this.#open(this.path))) return;
    yield* this.#newLines(all);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #open(path: string): Promise<boolean> {
    const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!file) return false;
    await this.close();
    this.#file = file;
    this.#inode = (await file.stat()).ino;
    this.#offset = 0;
    return true;
  }

  async *#newLines(all: boolean): AsyncGenerator<TailLine> {
    const file = this.#file!;
    const { size, mtimeMs: modified } = await file.stat();
    if (size > this.#offset) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - this.#offset));
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        for (const line of this.#splitter.push(chunk.subarray(0, bytesRead))) yield { line, modified };
      }
    }
    if (all) yield* this.#lastLine();
  }

  async *#lastLine(): AsyncGenerator<TailLine> {
    for (const line of this.#splitter.rest()) yield { line, modified: Date.now() };
  }
}
