/** What a guest wrote last on stdout and stderr: enough to tell why it ended. */
const MAX_LINES = 8;
const MAX_LENGTH = 1000;

export class LastLines {
  readonly lines: string[] = [];
  private partial = '';

  /** Takes a write, which may be any part of a line or several of them. */
  write(text: string): void {
    const parts = (this.partial + text).split('\n');
    this.partial = parts.pop()!.slice(-MAX_LENGTH);
    for (const line of parts) this.lines.push(line.slice(0, MAX_LENGTH));
    if (this.lines.length > MAX_LINES) this.lines.splice(0, this.lines.length - MAX_LINES);
  }

  /** The last line, complete or not; '' when nothing was written. */
  get last(): string {
    return this.partial !== '' ? this.partial : (this.lines.at(-1) ?? '');
  }
}
