/**
 * The payload goes to stdout (text, one JSON document, or one JSON event a line); progress, notes and errors go to stderr.
 */
import { stripVTControlCharacters } from 'node:util';
import { escapeControls, printable } from '../../lib/control-characters.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { asciiOnly, wrapped } from './cells.js';
import { withCommandName } from './command-name.js';
import { type AnsiMode, type Style, showsUnicode, styleFor } from './terminal-text.js';

/** A line that replaces itself and never wraps: the terminal cuts it at its right edge. */
const ERASE_LINE = '\r\x1b[2K';
const WITHOUT_WRAP = (text: string) => `\x1b[?7l${text}\x1b[?7h`;

/** `csv` prints lines of its own (`csv.ts`). */
export type OutputMode = 'text' | 'json' | 'ndjson' | 'csv';
const SCHEMA_VERSION = 1;

export class Output {
  /** Colours of stdout. */
  readonly style: Style;
  readonly #errorStyle: Style;
  readonly #warnings: string[] = [];
  #lastProgress = '';

  constructor(
    readonly command: string,
    readonly mode: OutputMode,
    ansi: AnsiMode,
  ) {
    this.style = styleFor(process.stdout, ansi);
    this.#errorStyle = styleFor(process.stderr, ansi);
  }

  /** The command's result: a document in the JSON modes; `render` makes the text. */
  result(data: unknown, render: (style: Style) => string): void {
    this.endProgress();
    if (this.mode === 'text') this.#print(withCommandName(render(this.style)));
    else this.#document({ status: 'ok', data });
  }

  /** One event of a stream: a line of JSON with `ndjson`, else text; undefined is not shown. */
  event(data: unknown, render: (style: Style) => string | undefined): void {
    if (this.mode === 'ndjson') {
      this.#printJson(JSON.stringify(data));
      return;
    }
    const text = this.mode === 'text' ? render(this.style) : undefined;
    if (text === undefined) return;
    this.endProgress();
    this.#print(text);
  }

  /** The step that the command waits for; replaces the previous one on a terminal. */
  progress(text: string): void {
    if (process.stderr.isTTY) {
      const line = this.#errorStyle.dim(escapeControls(`… ${text}`));
      process.stderr.write(`${ERASE_LINE}${WITHOUT_WRAP(showsUnicode() ? line : asciiOnly(line))}`);
    } else if (text !== this.#lastProgress) this.#report(`… ${text}`);
    this.#lastProgress = text;
  }

  note(text: string): void {
    this.endProgress();
    this.#report(withCommandName(text));
  }

  /** A warning; also in the JSON document. */
  warn(text: string): void {
    this.#warnings.push(withCommandName(text));
    this.note(`${this.#errorStyle.yellow('!')} ${text}`);
  }

  /** Removes the progress line of a terminal. */
  endProgress(): void {
    if (!process.stderr.isTTY || this.#lastProgress === '') return;
    process.stderr.write(ERASE_LINE);
    this.#lastProgress = '';
  }

  /** Reports a failure; returns the exit code. */
  error(error: unknown): number {
    this.endProgress();
    const { red, dim } = this.#errorStyle;
    if (!(error instanceof AppError)) {
      this.#errorDocument({ code: 'BUG', category: 'bug', message: messageOf(error) });
      this.#report(`${red('bug:')} ${error instanceof Error ? error.stack : String(error)}`);
      return 1;
    }
    const message = withCommandName(error.message);
    const details = error.details.map((detail) => withCommandName(detail));
    const hint = withCommandName(error.hint ?? '');
    this.#errorDocument({
      code: error.code,
      category: error.fault,
      message,
      ...(hint === '' ? {} : { hint }),
      ...(details.length > 0 ? { details } : {}),
    });
    // Who said no knows why.
    this.#report(error.code === 'NOT_CONFIRMED' ? message : `${red('error:')} ${message}`);
    for (const detail of details) this.#report(dim(`  | ${detail}`));
    if (hint !== '') this.#report(hint);
    return error.exitCode;
  }

  #errorDocument(error: Record<string, unknown>): void {
    if (this.mode === 'json' || this.mode === 'ndjson') this.#document({ status: 'error', error });
  }

  #document(fields: Record<string, unknown>): void {
    const warnings = this.#warnings.length > 0 ? { warnings: this.#warnings } : {};
    const document = { schemaVersion: SCHEMA_VERSION, command: this.command, ...fields, ...warnings };
    this.#printJson(JSON.stringify(document, null, this.mode === 'json' ? 2 : undefined));
  }

  /** Much of the text comes from others: readings, services, other programs. */
  #print(text: string): void {
    process.stdout.write(`${fitted(printable(text, this.style.level > 0), process.stdout)}\n`);
  }

  #printJson(json: string): void {
    process.stdout.write(`${printable(json)}\n`);
  }

  #report(text: string): void {
    process.stderr.write(`${fitted(printable(text, this.#errorStyle.level > 0), process.stderr)}\n`);
  }
}

/** What a line begins with when the next ones are indented as far: a mark, and a label such as `jobs      `. */
const LABEL = /^\s*(?:[✓✗→!+-] )?(?:\S+(?: \S+){0,2}\s{2,})?/;

/** A terminal would break lines within words, and shows characters beyond ASCII only where its locale says so. */
function fitted(text: string, { isTTY, columns: own }: NodeJS.WriteStream): string {
  if (!isTTY) return text;
  // Some terminals have not said how wide they are.
  const columns = own || 80;
  const indent = (line: string) => Math.min(LABEL.exec(stripVTControlCharacters(line))?.[0].length ?? 0, columns / 2);
  const lines = text.split('\n').map((line) => wrapped(line, columns, indent(line)));
  const shown = lines.join('\n');
  return showsUnicode() ? shown : asciiOnly(shown);
}
