/** Cuts a stream of bytes into lines. Very long ones are shortened, so that none needs more memory than it is worth. */
const MAX_LINE_BYTES = 16_384;
const NEWLINE = 10;

export class LineSplitter {
  /** The start of a line that is not complete yet. */
  #parts: Buffer[] = [];
  #bytes = 0;

  /** The lines that this chunk completes, without blank ones. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end));
      from = end + 1;
      lines.push(...this.rest());
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  /** The line that nothing has ended, if there is one; for the end of the stream. */
  rest(): string[] {
    const cut = this.#bytes - MAX_LINE_BYTES;
    const text = Buffer.concat(this.#parts).toString('utf8').replace(/\r$/, '');
    this.#parts = [];
    this.#bytes = 0;
    if (text.trim() === '') return [];
    // A character that was cut in two can't be decoded.
    return [cut > 0 ? `${text.replace(/\ufffd+$/, '')}… (${cut} more bytes)` : text];
  }

  #keep(bytes: Buffer): void {
    const space = MAX_LINE_BYTES - this.#bytes;
    this.#bytes += bytes.length;
    // A copy: the chunk may be read into again.
    if (space > 0 && bytes.length > 0) this.#parts.push(Buffer.from(bytes.subarray(0, space)));
  }
}
